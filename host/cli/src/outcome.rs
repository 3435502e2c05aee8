//! How a task, or one attempt of it, ended.

use std::fmt;
use std::time::Duration;

use solti_plugin_host::one_line;
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
    /// It never ran, because its slot was taken.
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

    /// What a task itself said.
    pub(crate) fn of_attempt(end: &Result<(), TaskError>) -> Self {
        match end {
            Ok(()) => Self::Succeeded,
            Err(TaskError::Timeout { timeout }) => Self::TimedOut { after: *timeout },
            Err(TaskError::Canceled) => Self::canceled("the task canceled itself"),
            Err(TaskError::Fail { reason, exit_code } | TaskError::Fatal { reason, exit_code }) => {
                Self::Failed {
                    reason: reason.clone(),
                    exit_code: *exit_code,
                }
            }
            Err(other) => Self::failed(other.to_string()),
        }
    }

    /// The word for people.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed { .. } => "failed",
            Self::TimedOut { .. } => "timed out",
            Self::Canceled { .. } => "canceled",
            Self::NotAdmitted { .. } => "not admitted",
        }
    }

    /// The word for machines; the first four are those of metrics.
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

    /// Why it did not succeed, in the plugin's own words; for machines.
    pub(crate) fn reason(&self) -> Option<String> {
        match self {
            Self::Succeeded => None,
            Self::TimedOut { after } => Some(format!("after {}", phrase::duration(*after))),
            Self::Failed { reason, .. }
            | Self::Canceled { reason }
            | Self::NotAdmitted { reason } => Some(reason.clone()),
        }
    }

    /// The same for people, on one line that does nothing to their terminal.
    pub(crate) fn shown_reason(&self) -> Option<String> {
        self.reason().map(|reason| one_line(&reason))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.word();
        match self.shown_reason() {
            None => f.write_str(word),
            Some(reason) if matches!(self, Self::TimedOut { .. }) => write!(f, "{word} {reason}"),
            Some(reason) => write!(f, "{word}: {reason}"),
        }
    }
}
