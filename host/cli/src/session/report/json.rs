//! The summary for machines.

use serde::Serialize;
use solti_plugin_host::report::Rejected;

use crate::metrics::Counts;
use crate::session::summary::{Row, Summary};

/// The summary as one line.
///
/// # Errors
///
/// When a part of it has no form in JSON, which none is known to do.
pub(super) fn line(summary: &Summary<'_>) -> serde_json::Result<String> {
    serde_json::to_string(&SummaryJson {
        kind: "summary",
        tasks: summary.rows.iter().map(TaskJson::of).collect(),
        metrics: &summary.metrics,
        skipped: summary.skipped(),
        problems: &summary.problems,
        retired: &summary.retired,
        plugins: PluginsJson {
            rejected: summary.rejected,
        },
    })
}

#[derive(Serialize)]
struct SummaryJson<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    tasks: Vec<TaskJson<'a>>,
    metrics: &'a Counts,
    skipped: u64,
    problems: &'a [String],
    retired: &'a [String],
    plugins: PluginsJson<'a>,
}

/// What became of the plugins, in the form of `list --json`.
#[derive(Serialize)]
struct PluginsJson<'a> {
    rejected: &'a [Rejected],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TaskJson<'a> {
    slot: &'a str,
    task: Option<&'a str>,
    spec: &'a str,
    outcome: &'static str,
    reason: Option<String>,
    exit_code: Option<i32>,
    attempts: u32,
    duration_ms: u64,
    stdout_lines: u64,
    stderr_lines: u64,
    skipped: u64,
}

impl<'a> TaskJson<'a> {
    fn of(row: &'a Row) -> Self {
        let lines = row.source.as_ref().map(|source| &source.lines);
        Self {
            slot: row.slot.as_str(),
            task: row.source.as_ref().map(|source| source.id.as_str()),
            spec: &row.place,
            outcome: row.outcome.label(),
            reason: row.outcome.reason(),
            exit_code: row.outcome.exit_code(),
            attempts: row.attempts,
            duration_ms: u64::try_from(row.duration.as_millis()).unwrap_or(u64::MAX),
            stdout_lines: lines.map_or(0, |lines| lines.stdout()),
            stderr_lines: lines.map_or(0, |lines| lines.stderr()),
            skipped: row.skipped(),
        }
    }
}
