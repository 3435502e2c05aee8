//! Why a task, or one attempt of it, did not succeed.

use std::time::Duration;

use serde_json::{Map, Value};
use taskvisor::TaskError;
use thiserror::Error;

/// Why a task, or one attempt of it, did not succeed.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum Failure {
    /// No runner takes a task of this kind.
    #[error("no runner takes this {kind} task")]
    NotTaken {
        /// The kind.
        kind: String,
    },
    /// The runner has refused to build it.
    #[error("not built: {reason}")]
    NotBuilt {
        /// What the runner's error says.
        reason: String,
        /// What the runner has added by [`BuildContext::add_error_detail`](crate::BuildContext).
        details: Map<String, Value>,
    },
    /// It failed, and may be tried again.
    #[error("failed: {reason}")]
    Failed {
        /// Why.
        reason: String,
        /// The exit code, where one is told.
        exit_code: Option<i32>,
    },
    /// It failed, and is not tried again. A panic is one of these.
    #[error("failed for good: {reason}")]
    Fatal {
        /// Why.
        reason: String,
        /// The exit code, where one is told.
        exit_code: Option<i32>,
    },
    /// Its time was over, and it was dropped.
    #[error("timed out after {after:?}")]
    TimedOut {
        /// Its time.
        after: Duration,
    },
    /// It was cancelled, and has ended by itself.
    #[error("cancelled")]
    Canceled,
    /// It was cancelled, did not end, and was dropped.
    #[error("cancelled, and dropped as it did not end within {grace:?}")]
    Abandoned {
        /// What it had to end, see [`Case::grace`](super::Case::grace).
        grace: Duration,
    },
}

impl Failure {
    /// Whether the restart policy may have it tried again.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Failed { .. } | Self::TimedOut { .. })
    }
}

impl From<TaskError> for Failure {
    fn from(err: TaskError) -> Self {
        match err {
            TaskError::Canceled => Self::Canceled,
            TaskError::Timeout { timeout } => Self::TimedOut { after: timeout },
            TaskError::Fail { reason, exit_code } => Self::Failed { reason, exit_code },
            TaskError::Fatal { reason, exit_code } => Self::Fatal { reason, exit_code },
            other => Self::Fatal {
                reason: other.to_string(),
                exit_code: other.exit_code(),
            },
        }
    }
}
