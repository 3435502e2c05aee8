//! How a task, or one attempt of it, ended.

use std::fmt;
use std::time::Duration;

use humantime::format_duration;
use solti_plugin_abi::text::one_line;
use taskvisor::TaskError;

/// How a task, or one attempt of it, ended.
///
/// It prints as a sentence for people, on one line, without what would act on their terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It did what it was to do.
    Succeeded,
    /// It did not, or it could not be built.
    Failed {
        /// Why, as its runner puts it.
        reason: String,
        /// The exit code of the process behind it, where there was one and it is known.
        exit_code: Option<i32>,
    },
    /// An attempt took longer than it may.
    TimedOut {
        /// How long it may take.
        after: Duration,
    },
    /// It was ended before it ended by itself.
    Canceled {
        /// By what.
        reason: String,
    },
    /// It never started, because its slot was busy and it was not to wait.
    NotAdmitted {
        /// Which slot that is.
        reason: String,
    },
    /// It never started, because no runner takes it.
    NoRunner {
        /// Its kind.
        kind: String,
    },
}

impl Outcome {
    /// A failure without an exit code.
    #[must_use]
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::Failed {
            reason: reason.into(),
            exit_code: None,
        }
    }

    /// A cancellation.
    #[must_use]
    pub fn canceled(reason: impl Into<String>) -> Self {
        Self::Canceled {
            reason: reason.into(),
        }
    }

    /// That of a task which had not ended when it was waited for no longer.
    pub(super) fn abandoned() -> Self {
        Self::canceled("abandoned before it ended")
    }

    /// That of what is dropped before its end: a runner of this process panicked, or the runtime ends.
    pub(super) fn unfinished() -> Self {
        if std::thread::panicking() {
            Self::failed("its runner panicked")
        } else {
            Self::abandoned()
        }
    }

    /// That of an attempt whose task returned `result`.
    pub(super) fn of_attempt(result: &Result<(), TaskError>) -> Self {
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
    #[must_use]
    pub fn was_stopped(&self) -> bool {
        matches!(self, Self::TimedOut { .. } | Self::Canceled { .. })
    }

    /// What it did, in the past tense, for people: `succeeded`, `timed out`.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed { .. } | Self::NoRunner { .. } => "failed",
            Self::TimedOut { .. } => "timed out",
            Self::Canceled { .. } => "cancelled",
            Self::NotAdmitted { .. } => "not admitted",
        }
    }

    /// The name of the outcome, for machines: `success`, `failure`, `timeout` and `canceled` as in metrics,
    /// or `not_admitted`.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Succeeded => "success",
            Self::Failed { .. } | Self::NoRunner { .. } => "failure",
            Self::TimedOut { .. } => "timeout",
            Self::Canceled { .. } => "canceled",
            Self::NotAdmitted { .. } => "not_admitted",
        }
    }

    /// The exit code of the process behind it, where it failed, there was one, and it is known.
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        match self {
            Self::Failed { exit_code, .. } => *exit_code,
            _ => None,
        }
    }

    /// Why it did not succeed, as its runner put it, for machines; `None` where it did.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Succeeded => None,
            Self::TimedOut { after } => Some(format!("after {}", format_duration(*after))),
            Self::NoRunner { kind } => Some(format!("no runner for this {kind} task")),
            Self::Failed { reason, .. }
            | Self::Canceled { reason }
            | Self::NotAdmitted { reason } => Some(reason.clone()),
        }
    }

    /// The reason for people: on one line, and harmless to their terminal.
    #[must_use]
    pub fn reason_line(&self) -> Option<String> {
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
