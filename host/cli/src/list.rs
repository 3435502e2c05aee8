//! `solti-host list`: what a directory offers.

use comfy_table::Table;
use solti_plugin_host::{LoadReport, RunnerRouter, one_line, shown_path};

use super::args::List;
use super::style::counted;
use super::tables::{self, Stream};
use super::{FAILURE, SUCCESS, metrics, plugins, style};

/// Prints the report of loading the directory and returns the exit code.
///
/// # Errors
///
/// When the directory cannot be read or the report not be written.
pub(super) fn list(args: List) -> anyhow::Result<u8> {
    let report = plugins::load(&args.directory, &args.loading, &mut RunnerRouter::new())?;
    let text = if args.json {
        serde_json::to_string_pretty(&report)?
    } else {
        shown(&report, &args)
    };
    tables::print(&text)?;
    let sound = report.rejected().is_empty();
    if let Some(file) = &args.metrics
        && let Err(err) = metrics::write(file, &report.metrics())
    {
        style::error(format_args!("{err:#}"));
        return Ok(FAILURE);
    }
    Ok(if sound { SUCCESS } else { FAILURE })
}

fn shown(report: &LoadReport, args: &List) -> String {
    let colour = style::stdout_has_colour();
    let mut parts = Vec::new();
    if !report.loaded().is_empty() {
        parts.push(loaded(report, colour).to_string());
    }
    parts.extend(tables::rejected(report.rejected(), str::to_owned, colour));
    parts.extend(tables::skipped(report.skipped(), str::to_owned, colour));
    parts.push(format!(
        "{} in {}: {} loaded, {} rejected, {} skipped",
        counted(
            (report.loaded().len() + report.rejected().len() + report.skipped().len()) as u64,
            "plugin file"
        ),
        shown_path(&args.directory),
        report.loaded().len(),
        report.rejected().len(),
        report.skipped().len()
    ));
    parts.join("\n")
}

/// One line for each runner; what the plugin has in common stands in its first.
fn loaded(report: &LoadReport, colour: bool) -> Table {
    let mut table = tables::new(colour, Stream::Stdout);
    table.set_header(tables::header(
        colour,
        &["file", "plugin", "version", "runner", "kinds", "labels"],
    ));
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
            table.add_row(cells.map(|cell| one_line(&cell)));
        }
    }
    table
}
