//! `solti-host list`: what a directory offers.

use solti_plugin_host::report::LoadedPlugin;
use solti_plugin_host::supervise::DEFAULT_GRACE;
use solti_plugin_host::text::one_line;
use solti_plugin_host::{LoadReport, RunnerRouter};

use crate::args::ListArgs;
use crate::exit::Exit;
use crate::present::message;
use crate::present::phrase::{counted, path};
use crate::present::settings;
use crate::present::style::Colours;
use crate::present::tables::{self, Stream, Table};
use crate::{loading, metrics, options, shutdown};

/// Prints the report of loading the directory and says how the program ends.
///
/// # Errors
///
/// When the directory cannot be read or is not trusted, or standard output cannot be written.
pub(super) fn list(args: &ListArgs, verbose: bool) -> anyhow::Result<Exit> {
    let mut router = RunnerRouter::new();
    let mut report = loading::load(
        &args.directory,
        options::loader(&args.loading)?,
        &mut router,
    )?;
    let text = if args.json {
        let of_report = report.warnings();
        let told = message::warnings().into_iter();
        told.filter(|warning| !of_report.contains(warning))
            .for_each(|warning| report.warn(warning));
        serde_json::to_string_pretty(&report)?
    } else {
        as_text(&report, args, verbose)
    };
    let printed = tables::print(&text);
    drop(router);
    shutdown::wait_for_destructors(&report, DEFAULT_GRACE);
    printed?;
    if let Some(file) = &args.metrics
        && let Err(err) = metrics::write(file, &report.metrics())
    {
        message::error(format_args!("{err:#}"));
        return Ok(Exit::NotWritten);
    }
    Ok(Exit::of_files(report.rejected().len()))
}

fn as_text(report: &LoadReport, args: &ListArgs, verbose: bool) -> String {
    let colour = Colours::detect().stdout;
    let mut parts = Vec::new();
    if !report.loaded().is_empty() {
        parts.push(loaded_table(report, colour).to_string());
    }
    if verbose {
        parts.extend(
            report
                .loaded()
                .iter()
                .filter_map(|plugin| settings(plugin, colour)),
        );
    }
    parts.extend(tables::rejected(report.rejected(), str::to_owned, colour));
    parts.extend(tables::skipped(report.skipped(), str::to_owned, colour));
    parts.push(format!(
        "{} in {}: {} loaded, {} rejected, {} skipped",
        counted(
            (report.loaded().len() + report.rejected().len() + report.skipped().len()) as u64,
            "plugin file"
        ),
        path(&args.directory),
        report.loaded().len(),
        report.rejected().len(),
        report.skipped().len()
    ));
    parts.extend(tables::hint_of_none(report, &args.directory));
    parts.join("\n")
}

/// What can be set for a plugin, where it says that.
fn settings(plugin: &LoadedPlugin, colour: bool) -> Option<String> {
    let schema = plugin.config.as_ref()?;
    let name = one_line(&plugin.plugin);
    if schema.is_empty() {
        return Some(format!("{name} takes no configuration"));
    }
    let mut table = Table::new(
        colour,
        Stream::Stdout,
        &["field", "value", "default", "meaning"],
    )
    .wrapping(&[1, 3]);
    for setting in settings::all(schema) {
        let cells = [setting.path, setting.kind, setting.default, setting.doc];
        table.add_row(cells.map(|cell| one_line(&cell).into_owned()));
    }
    Some(format!("configuration of {name}:\n{table}"))
}

/// One line for each runner; what the plugin has in common stands in its first.
fn loaded_table(report: &LoadReport, colour: bool) -> Table {
    let names = &["file", "plugin", "version", "runner", "kinds", "labels"];
    let mut table = Table::new(colour, Stream::Stdout, names).wrapping(&[4, 5]);
    for plugin in report.loaded() {
        let mut common = [
            plugin.file.clone(),
            plugin.plugin.clone(),
            plugin.version.clone(),
        ];
        for runner in &plugin.runners {
            let kinds: Vec<_> = runner.kinds.names().collect();
            let labels: Vec<_> = runner
                .labels
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            let own = [runner.name.clone(), kinds.join(", "), labels.join(", ")];
            let cells = std::mem::take(&mut common).into_iter().chain(own);
            table.add_row(cells.map(|cell| one_line(&cell).into_owned()));
        }
    }
    table
}
