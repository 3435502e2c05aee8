//! What can go wrong between a spec and a task.

use thiserror::Error;

/// Why a runner could not be found, or could not build a task.
#[derive(Debug, Error)]
pub enum RunnerError {
    /// No registered runner takes the spec.
    #[error("no suitable runner for task kind: {0}")]
    NoRunner(String),

    /// The runner was given a kind it does not run.
    #[error("unsupported task kind for runner '{runner}': {kind}")]
    UnsupportedKind {
        /// The runner that refused.
        runner: &'static str,
        /// The kind it was given.
        kind: String,
    },

    /// The spec is malformed for this runner.
    #[error("invalid specification: {0}")]
    InvalidSpec(String),

    /// Anything unexpected inside the runner.
    #[error("internal error: {0}")]
    Internal(String),

    /// The spec lacks a field that this runner needs.
    #[error("missing field: {0}")]
    MissingField(&'static str),

    /// Input or output failed while the task was being set up.
    #[error("io error: {0}")]
    Io(String),
}

impl From<std::io::Error> for RunnerError {
    fn from(err: std::io::Error) -> Self {
        Self::Io(err.to_string())
    }
}
