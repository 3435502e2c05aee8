//! The summary for machines.

use serde::Serialize;
use solti_model::TaskId;
use solti_plugin_host::report::{Rejected, Warning};

use crate::present::message;
use crate::session::summary::{Row, Summary};
use solti_plugin_host::counts::Counts;

/// The summary as one line.
///
/// # Errors
///
/// When a part of it has no form in JSON, which none is known to do.
pub(super) fn line(summary: &Summary<'_>) -> serde_json::Result<String> {
    serde_json::to_string(&SummaryJson {
        kind: "summary",
        tasks: summary.rows.iter().map(|row| TaskJson::of(row)).collect(),
        metrics: &summary.metrics,
        lost: summary.lost(),
        problems: &summary.problems,
        warnings: message::warnings(),
        retired: &summary.retired,
        plugins: PluginsJson {
            rejected: summary.rejected,
        },
    })
}

/// The end of a task, as one line.
///
/// # Errors
///
/// As [`line()`].
pub(super) fn task_line(row: &Row) -> serde_json::Result<String> {
    serde_json::to_string(&TaskFinishedJson {
        kind: "taskFinished",
        task: TaskJson::of(row),
    })
}

/// The event at the end of a task: what the summary says of it.
#[derive(Serialize)]
struct TaskFinishedJson<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    task: TaskJson<'a>,
}

#[derive(Serialize)]
struct SummaryJson<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    tasks: Vec<TaskJson<'a>>,
    metrics: &'a Counts,
    lost: u64,
    problems: &'a [String],
    warnings: Vec<Warning>,
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
    signal: Option<i32>,
    attempts: u32,
    duration_ms: u64,
    stdout_lines: u64,
    stderr_lines: u64,
    lost: u64,
}

impl<'a> TaskJson<'a> {
    fn of(row: &'a Row) -> Self {
        Self {
            slot: row.slot.as_str(),
            task: row.task.as_ref().map(TaskId::as_str),
            spec: &row.place,
            outcome: row.outcome.label(),
            reason: row.outcome.reason(),
            exit_code: row.exit_code,
            signal: row.told.signal,
            attempts: row.attempts,
            duration_ms: u64::try_from(row.duration.as_millis()).unwrap_or(u64::MAX),
            stdout_lines: row.lines.stdout(),
            stderr_lines: row.lines.stderr(),
            lost: row.lost(),
        }
    }
}
