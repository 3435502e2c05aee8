//! How a task, or one attempt of it, ended.

use std::fmt;
use std::time::Duration;

use solti_plugin_host::text::one_line;
use taskvisor::TaskError;

use crate::present::phrase;

/// How a task, or one attempt of it, ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Succeeded,
    Failed {
        reason: String,
        exit_code: Option<i32>,
    },
    TimedOut {
        after: Duration,
    },
    Canceled {
        reason: String,
    },
    /// It never started, because its slot was busy.
    NotAdmitted {
        reason: String,
    },
}

impl Outcome {
    /// A failure without an exit code.
    pub(crate) fn failed(reason: impl Into<String>) -> Self {
        Self::Failed {
            reason: reason.into(),
            exit_code: None,
        }
    }

    /// A cancellation.
    pub(crate) fn canceled(reason: impl Into<String>) -> Self {
        Self::Canceled {
            reason: reason.into(),
        }
    }

    /// That of a task which had not ended when the run did.
    pub(crate) fn abandoned() -> Self {
        Self::canceled("abandoned before it ended")
    }

    /// That of an attempt whose task returned `result`.
    pub(crate) fn of_attempt(result: &Result<(), TaskError>) -> Self {
        match result {
            Ok(()) => Self::Succeeded,
            Err(TaskError::Timeout { timeout }) => Self::TimedOut { after: *timeout },
            Err(TaskError::Canceled) => Self::canceled("the task cancelled itself"),
            Err(TaskError::Fail { reason, exit_code } | TaskError::Fatal { reason, exit_code }) => {
                Self::Failed {
                    reason: reason.clone(),
                    exit_code: *exit_code,
                }
            }
            Err(other) => Self::failed(other.to_string()),
        }
    }

    /// Whether it was ended from outside before it ended by itself.
    pub(crate) fn was_stopped(&self) -> bool {
        matches!(self, Self::TimedOut { .. } | Self::Canceled { .. })
    }

    /// The outcome in a sentence, for people.
    pub(crate) fn verb(&self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed { .. } => "failed",
            Self::TimedOut { .. } => "timed out",
            Self::Canceled { .. } => "cancelled",
            Self::NotAdmitted { .. } => "not admitted",
        }
    }

    /// The name of the outcome, for machines; the first four are those of metrics.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Succeeded => "success",
            Self::Failed { .. } => "failure",
            Self::TimedOut { .. } => "timeout",
            Self::Canceled { .. } => "canceled",
            Self::NotAdmitted { .. } => "not_admitted",
        }
    }

    /// The exit code of the process behind it, where there was one and it is known.
    pub(crate) fn exit_code(&self) -> Option<i32> {
        match self {
            Self::Failed { exit_code, .. } => *exit_code,
            _ => None,
        }
    }

    /// Why it did not succeed, as the plugin put it; for machines.
    pub(crate) fn reason(&self) -> Option<String> {
        match self {
            Self::Succeeded => None,
            Self::TimedOut { after } => Some(format!("after {}", phrase::duration(*after))),
            Self::Failed { reason, .. }
            | Self::Canceled { reason }
            | Self::NotAdmitted { reason } => Some(reason.clone()),
        }
    }

    /// The reason for people: on one line, and harmless to their terminal.
    pub(crate) fn reason_line(&self) -> Option<String> {
        self.reason().map(|reason| one_line(&reason).into_owned())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = self.verb();
        match self.reason_line() {
            None => f.write_str(verb),
            Some(reason) if matches!(self, Self::TimedOut { .. }) => write!(f, "{verb} {reason}"),
            Some(reason) => write!(f, "{verb}: {reason}"),
        }
    }
}
