//! `solti-host check`: what a host would say of plugins, without becoming one.

use std::path::Path;

use serde_json::{Value, json};
use solti_plugin_host::CheckReport;
use solti_plugin_host::inspect::static_tls_room;
use solti_plugin_host::report::PassedPlugin;
use solti_plugin_host::specs;
use solti_plugin_host::text::one_line;

use crate::args::CheckArgs;
use crate::exit::Exit;
use crate::flags::flag;
use crate::present::message;
use crate::present::phrase::{counted, path};
use crate::present::style::Colours;
use crate::present::tables::{self, Stream, Table};
use crate::{loading, metrics, options};

/// Prints what would become of the files and says how the program ends.
///
/// # Errors
///
/// When a public key cannot be read, or the report not be written. A directory that cannot be read or
/// is not trusted is named, and the others are checked.
pub(super) fn check(args: &CheckArgs) -> anyhow::Result<Exit> {
    let loader = options::loader(&args.loading)?;
    let (mut all, mut unusable) = (Vec::new(), Vec::new());
    for named in &args.paths {
        if specs::are_in(named) {
            unusable.push(of_specs(named));
            continue;
        }
        match loader.check(named) {
            Ok(report) => all.push(report),
            Err(err) => unusable.push(err.sentence(flag)),
        }
    }
    all.iter().for_each(loading::warn_of);
    if !all.is_empty() {
        let text = if args.json {
            serde_json::to_string_pretty(&as_json(&all)?)?
        } else {
            as_text(&all, args.quiet)
        };
        let rejected = all.iter().any(|report| !report.rejected().is_empty());
        if rejected || !args.quiet {
            tables::print(&text)?;
        }
    }
    for err in &unusable {
        message::error(err);
    }
    if !unusable.is_empty() {
        // Metrics without these directories would say that nothing is wrong there: none are written.
        return Ok(Exit::NoResult);
    }
    if let Some(file) = &args.metrics
        && let Err(err) = metrics::write(file, &CheckReport::metrics_of(&all))
    {
        message::error(format_args!("{err:#}"));
        return Ok(Exit::NotWritten);
    }
    Ok(Exit::of_files(
        all.iter().map(|report| report.rejected().len()).sum(),
    ))
}

/// What is said of a file of task specs where a plugin is expected.
pub(super) fn of_specs(file: &Path) -> String {
    let file = path(file);
    format!(
        "{file}: task specs, not a plugin; `solti-host run --check --plugins DIR {file}` checks them"
    )
}

/// One report of them all.
fn as_json(all: &[CheckReport]) -> serde_json::Result<Value> {
    let mut merged = json!({ "passed": [], "rejected": [], "skipped": [] });
    let warnings = serde_json::to_value(message::warnings())?;
    for report in all {
        let mut report = serde_json::to_value(report)?;
        for (outcome, files) in merged.as_object_mut().into_iter().flatten() {
            if let (Value::Array(files), Value::Array(more)) = (files, report[outcome].take()) {
                files.extend(more);
            }
        }
    }
    merged["warnings"] = warnings;
    Ok(merged)
}

fn as_text(all: &[CheckReport], quiet: bool) -> String {
    let colour = Colours::detect().stdout;
    let mut parts = Vec::new();
    let (mut passed, mut rejected, mut skipped) = (0, 0, 0);
    // Names say which file is meant, unless they are of several directories.
    let several = all.iter().any(|it| it.directory() != all[0].directory());
    for report in all {
        let name = |file: &str| {
            if several {
                path(&report.directory().join(file))
            } else {
                file.to_owned()
            }
        };
        let passed_ones = if quiet { &[] } else { report.passed() };
        if !passed_ones.is_empty() {
            parts.push(passed_table(report, name, colour));
        }
        for plugin in passed_ones {
            parts.extend(static_tls(plugin, name));
        }
        parts.extend(tables::rejected(report.rejected(), name, colour));
        if !quiet {
            parts.extend(tables::skipped(report.skipped(), name, colour));
            parts.extend(tables::hint_of_none(report, report.directory()));
        }
        passed += report.passed().len();
        rejected += report.rejected().len();
        skipped += report.skipped().len();
    }
    parts.push(format!(
        "{}: {passed} passed, {rejected} rejected, {skipped} skipped",
        counted((passed + rejected + skipped) as u64, "plugin file")
    ));
    parts.join("\n")
}

/// What a plugin takes of what there is little of.
fn static_tls(plugin: &PassedPlugin, name: impl Fn(&str) -> String) -> Option<String> {
    let needs = plugin.static_tls_bytes?;
    let room = static_tls_room().map_or(String::new(), |room| format!(" of about {room}"));
    let file = name(&plugin.file);
    Some(format!(
        "{file} takes {needs} bytes{room} that a process has for static TLS"
    ))
}

fn passed_table(report: &CheckReport, name: impl Fn(&str) -> String, colour: bool) -> String {
    let names = &["passed", "plugin", "version", "runners", "sha256"];
    let mut table = Table::new(colour, Stream::Stdout, names).wrapping(&[3]);
    for file in report.passed() {
        let runners: Vec<_> = file
            .runners
            .iter()
            .map(|runner| format!("{} ({})", runner.name, runner.kinds))
            .collect();
        let digest = file.measurements.sha256.map(|digest| digest.to_string());
        table.add_row([
            name(&file.file),
            one_line(&file.plugin).into_owned(),
            one_line(&file.version).into_owned(),
            one_line(&runners.join("; ")).into_owned(),
            digest.unwrap_or_default(),
        ]);
    }
    table.to_string()
}
