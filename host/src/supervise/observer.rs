//! Who hears of what becomes of tasks.

use std::fmt;

use solti_model::TaskId;
use solti_plugin_abi::TapOptions;

use super::end::TaskEnd;
use super::outcome::Outcome;
use super::output::TaskOutput;
use super::running::Running;
use super::submission::{Submission, TaskNumber};

/// Hears of what becomes of tasks, in the moment it does.
///
/// Each method runs on the thread that supervises the task, or that submits or cancels it: it must not
/// block. It may submit and cancel tasks.
pub trait Observer: Send + Sync {
    /// A task has been built, and its first attempt is about to begin: who reads its output from now on
    /// misses nothing.
    fn started(&self, _task: &StartedTask<'_>) {}

    /// An attempt has ended. Those who read the output are told after this.
    fn attempt_ended(&self, _task: TaskNumber, _attempt: u32, _outcome: &Outcome) {}

    /// A task is over: once for each that was submitted, whatever became of it.
    fn ended(&self, _end: TaskEnd) {}
}

/// Looks away.
impl Observer for () {}

/// A task that has been built, before its first attempt.
pub struct StartedTask<'a> {
    pub(super) running: &'a Running,
    pub(super) id: &'a TaskId,
    /// Makes a reader of its output.
    pub(super) output: &'a dyn Fn(TapOptions) -> Option<TaskOutput>,
}

impl StartedTask<'_> {
    /// Its number.
    #[must_use]
    pub fn number(&self) -> TaskNumber {
        self.running.number
    }

    /// What was submitted.
    #[must_use]
    pub fn submission(&self) -> &Submission {
        &self.running.submission
    }

    /// The id of its run and of its output.
    #[must_use]
    pub fn id(&self) -> &TaskId {
        self.id
    }

    /// A reader of all of its output; `None` where that does not go into channels of this process.
    #[must_use]
    pub fn output(&self, options: TapOptions) -> Option<TaskOutput> {
        (self.output)(options)
    }
}

impl fmt::Debug for StartedTask<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartedTask")
            .field("number", &self.running.number)
            .field("id", self.id)
            .finish_non_exhaustive()
    }
}
