//! What became of a task.

use std::sync::Arc;
use std::time::Duration;

use solti_model::TaskId;
use solti_plugin_abi::AttemptOutcome;
use thiserror::Error;

use super::outcome::Outcome;
use super::submission::{Submission, TaskNumber};

/// What became of a task: the one event at its end.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TaskEnd {
    /// Its number.
    pub number: TaskNumber,
    /// What was submitted.
    pub submission: Arc<Submission>,
    /// How it ended.
    pub outcome: Outcome,
    /// How often it was attempted.
    pub attempts: u32,
    /// How long it took, from the start of its build to the end of its last attempt.
    pub duration: Duration,
    /// The id of its run and of its output; `None` when it was never built.
    pub id: Option<TaskId>,
    /// The exit code of the process behind its last attempt, where there was one and it is known: the one
    /// that those are told who read its output.
    pub exit_code: Option<i32>,
    /// What its runner said of the end of the last attempt.
    pub told: AttemptOutcome,
    /// The plugins that have run its attempts, in the order of their names.
    pub plugins: Vec<Arc<str>>,
}

/// A task that did not succeed, as an error: it prints as its [`Outcome`] does.
#[derive(Debug, Clone, Error)]
#[error("{0}")]
pub struct Unsuccessful(pub Outcome);

impl TaskEnd {
    /// Whether it succeeded, as a result.
    ///
    /// # Errors
    ///
    /// Every other outcome.
    pub fn result(self) -> Result<(), Unsuccessful> {
        match self.outcome {
            Outcome::Succeeded => Ok(()),
            other => Err(Unsuccessful(other)),
        }
    }

    /// That of a task which never started.
    pub(super) fn unstarted(
        number: TaskNumber,
        submission: Arc<Submission>,
        outcome: Outcome,
    ) -> Self {
        Self {
            number,
            submission,
            outcome,
            attempts: 0,
            duration: Duration::ZERO,
            id: None,
            exit_code: None,
            told: AttemptOutcome::default(),
            plugins: Vec::new(),
        }
    }
}
