//! All that became of a task.

use serde_json::Value;
use solti_model::StreamKind;

use super::event::{Event, Line};
use super::failure::Failure;
use super::log::Log;
use super::metrics::Metrics;
use crate::spawn::AttemptOutcome;

/// All that became of a task. Its `Debug` form is for people: put it into the messages of assertions.
#[derive(Clone)]
#[non_exhaustive]
pub struct Ran {
    /// How the task ended: as its last attempt, or before there was one.
    pub result: Result<(), Failure>,
    /// Each attempt, in order.
    pub attempts: Vec<AttemptEnd>,
    /// The lines it has written, in order.
    pub lines: Vec<Line>,
    /// What it has reported to the metrics, and measured.
    pub metrics: Metrics,
    /// What it has logged.
    pub logs: Vec<Log>,
    /// All that happened, lines among it, in order.
    pub events: Vec<Event>,
    /// The id of the run; `None` where nothing was built.
    pub id: Option<String>,
    /// How often a writer was told to wait for the [`Reader`](super::Reader).
    pub waits: u64,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AttemptEnd {
    /// Its number; the first is 1.
    pub number: u32,
    /// How it ended.
    pub result: Result<(), Failure>,
    /// What the runner says of that: exit code, signal, details.
    pub outcome: AttemptOutcome,
}

impl Ran {
    /// What was written to standard output, each line with its end; what is not UTF-8 is replaced.
    #[must_use]
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// What was written to standard error, each line with its end; what is not UTF-8 is replaced.
    #[must_use]
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// The bytes that were written to a stream, by all attempts, one after the other.
    #[must_use]
    pub fn bytes(&self, stream: StreamKind) -> &[u8] {
        match stream {
            StreamKind::Stdout => &self.stdout,
            StreamKind::Stderr => &self.stderr,
        }
    }

    /// The last attempt's exit code, where one is told: by the outcome, or by the failure.
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        let told = self.attempts.last()?.outcome.exit_code;
        told.or(match &self.result {
            Err(Failure::Failed { exit_code, .. } | Failure::Fatal { exit_code, .. }) => *exit_code,
            _ => None,
        })
    }

    /// A detail of the last attempt's outcome.
    #[must_use]
    pub fn detail(&self, name: &str) -> Option<&Value> {
        self.attempts.last()?.outcome.details.get(name)
    }

    /// What a counter has counted, under all labels; 0 where it has counted nothing.
    #[must_use]
    pub fn counter(&self, name: &str) -> f64 {
        self.metrics.instrument(name).unwrap_or(0.0)
    }

    /// Why it did not succeed, as text; empty where it did.
    #[must_use]
    pub fn reason(&self) -> String {
        match &self.result {
            Ok(()) => String::new(),
            Err(failure) => failure.to_string(),
        }
    }

    /// Whether something was logged that has this text in its message.
    #[must_use]
    pub fn logged(&self, part: &str) -> bool {
        self.logs.iter().any(|log| log.message.contains(part))
    }
}
