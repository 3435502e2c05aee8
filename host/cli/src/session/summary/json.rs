//! The summary for machines.

use serde::Serialize;
use solti_plugin_host::Rejected;

use super::Row;
use crate::metrics::Counts;

#[derive(Serialize)]
pub(super) struct Summary<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) tasks: Vec<Task<'a>>,
    pub(super) metrics: &'a Counts,
    pub(super) skipped: u64,
    pub(super) problems: &'a [String],
    pub(super) retired: &'a [String],
    pub(super) plugins: Plugins<'a>,
}

/// What became of the plugins, in the form of `list --json`.
#[derive(Serialize)]
pub(super) struct Plugins<'a> {
    pub(super) rejected: &'a [Rejected],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Task<'a> {
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

impl<'a> Task<'a> {
    pub(super) fn of(row: &'a Row) -> Self {
        let lines = row.source.as_ref().map(|source| &source.lines);
        Self {
            slot: row.slot.as_str(),
            task: row.source.as_ref().map(|source| source.id.as_str()),
            spec: &row.place,
            outcome: row.outcome.label(),
            reason: row.outcome.reason(),
            exit_code: row.outcome.exit_code(),
            attempts: row.attempts,
            duration_ms: u64::try_from(row.took.as_millis()).unwrap_or(u64::MAX),
            stdout_lines: lines.map_or(0, |lines| lines.stdout()),
            stderr_lines: lines.map_or(0, |lines| lines.stderr()),
            skipped: row.skipped(),
        }
    }
}
