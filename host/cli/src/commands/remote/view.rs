//! What a service says, as far as it is printed.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::Deserialize;

use crate::exit::Exit;
use crate::present::phrase;

/// A task.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Task {
    pub(super) name: String,
    pub(super) phase: String,
    pub(super) slot: String,
    pub(super) kind: String,
    #[serde(default)]
    pub(super) plugins: Vec<String>,
    #[serde(default)]
    pub(super) labels: BTreeMap<String, String>,
    pub(super) created: String,
    pub(super) ended: Option<String>,
    pub(super) attempts: u32,
    pub(super) exit_code: Option<i32>,
    pub(super) error: Option<String>,
    pub(super) retry_of: Option<String>,
    #[serde(default)]
    pub(super) runs: Vec<Run>,
    #[serde(default)]
    pub(super) interruptions: Vec<Interruption>,
}

/// An attempt.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run {
    pub(super) attempt: u32,
    pub(super) phase: String,
    pub(super) started: String,
    pub(super) finished: Option<String>,
    pub(super) exit_code: Option<i32>,
    pub(super) error: Option<String>,
}

/// A service ended before the task did.
#[derive(Debug, Deserialize)]
pub(super) struct Interruption {
    pub(super) found: String,
    pub(super) then: String,
}

/// Tasks, and what to ask for the next ones with.
#[derive(Debug, Deserialize)]
pub(super) struct TaskList<T = Task> {
    pub(super) tasks: Vec<T>,
    pub(super) next: Option<u64>,
}

impl Task {
    /// How the program ends that has waited for it.
    pub(super) fn exit(&self) -> Exit {
        match (self.phase.as_str(), self.exit_code) {
            ("succeeded", _) => Exit::Success,
            ("timeout", _) => Exit::timed_out(),
            ("canceled", _) => Exit::Signaled(2),
            // As the system has it: of an exit code eight bits are told.
            (_, Some(code)) if code as u8 != 0 => Exit::Command(code as u8),
            _ => Exit::TaskFailed,
        }
    }

    /// How long it has run, from the first of the attempts that are known.
    pub(super) fn took(&self) -> Option<Duration> {
        let first = time(&self.runs.first()?.started)?;
        let last = match &self.ended {
            Some(ended) => time(ended)?,
            None => SystemTime::now(),
        };
        last.duration_since(first).ok()
    }
}

/// How long ago a time is, or nothing for one of a clock that is ahead.
pub(super) fn ago(text: &str) -> String {
    let since = time(text).and_then(|time| time.elapsed().ok());
    since.map(roughly).unwrap_or_default()
}

/// A duration in its largest unit.
pub(super) fn roughly(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// How long something took, where that is known.
pub(super) fn span(duration: Option<Duration>) -> String {
    duration.map(phrase::duration).unwrap_or_default()
}

/// A time, as a service writes it.
pub(super) fn time(text: &str) -> Option<SystemTime> {
    humantime::parse_rfc3339_weak(text).ok()
}

/// A number, where there is one.
pub(super) fn number(number: Option<impl ToString>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}
