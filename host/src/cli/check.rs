//! `solti-host check`: what a host would say of plugins, without becoming one.

use serde_json::{Value, json};
use solti_plugin_host::{CheckReport, Passed, one_line};

use super::args::Check;
use super::style::counted;
use super::tables::{self, Stream};
use super::{FAILURE, SUCCESS, plugins, style};

/// Prints what would become of the files and returns the exit code.
///
/// # Errors
///
/// When a directory cannot be read or is not trusted, or the report cannot be written.
pub(super) fn check(args: &Check) -> anyhow::Result<u8> {
    let loader = plugins::loader(&args.loading)?;
    let mut all = Vec::new();
    for path in &args.paths {
        // Its text has that of its source in it already.
        let report = loader
            .check(path)
            .map_err(|err| anyhow::Error::msg(err.to_string()))?;
        all.push(report);
    }
    let text = if args.json {
        serde_json::to_string_pretty(&as_json(&all)?)?
    } else {
        shown(&all)
    };
    tables::print(&text)?;
    let sound = all.iter().all(|report| report.rejected.is_empty());
    Ok(if sound { SUCCESS } else { FAILURE })
}

/// One report of them all.
fn as_json(all: &[CheckReport]) -> serde_json::Result<Value> {
    let mut merged = json!({ "passed": [], "rejected": [], "skipped": [] });
    for report in all {
        let mut report = serde_json::to_value(report)?;
        for (outcome, files) in merged.as_object_mut().into_iter().flatten() {
            if let (Value::Array(files), Value::Array(more)) = (files, report[outcome].take()) {
                files.extend(more);
            }
        }
    }
    Ok(merged)
}

fn shown(all: &[CheckReport]) -> String {
    let colour = style::stdout_has_colour();
    let mut parts = Vec::new();
    let (mut passed, mut rejected, mut skipped) = (0, 0, 0);
    for report in all {
        if !report.passed.is_empty() {
            parts.push(table_of(&report.passed, colour));
        }
        parts.extend(tables::rejected(&report.rejected, colour));
        parts.extend(tables::skipped(&report.skipped, colour));
        passed += report.passed.len();
        rejected += report.rejected.len();
        skipped += report.skipped.len();
    }
    parts.push(format!(
        "{}: {passed} passed, {rejected} rejected, {skipped} skipped",
        counted((passed + rejected + skipped) as u64, "plugin file")
    ));
    parts.join("\n")
}

fn table_of(passed: &[Passed], colour: bool) -> String {
    let mut table = tables::new(colour, Stream::Stdout);
    table.set_header(tables::header(
        colour,
        &["passed", "plugin", "version", "runners", "sha256"],
    ));
    for file in passed {
        let runners: Vec<_> = file
            .runners
            .iter()
            .map(|runner| format!("{} ({})", runner.name, runner.kinds))
            .collect();
        let digest = file.facts.sha256.map(|digest| digest.to_string());
        table.add_row([
            file.file.clone(),
            one_line(&file.plugin),
            one_line(&file.version),
            one_line(&runners.join("; ")),
            digest.unwrap_or_default(),
        ]);
    }
    table.to_string()
}
