//! What the tasks of a run share, and what each reports when it is over.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use solti_model::{TaskId, TaskSpec};
use solti_plugin_host::output::{Tap, TapOptions};
use solti_plugin_host::{AttemptOutcome, OutputRegistry, RunnerRouter};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::outcome::Outcome;
use crate::output::Source;

/// Shows the output of a task from now on, and says where it is counted.
pub(crate) type Show = dyn Fn(&TaskSpec, TaskId, Tap) -> Arc<Source> + Send + Sync;

/// What every task of a run shares.
pub(crate) struct Supervision {
    pub(crate) router: RunnerRouter,
    pub(crate) registry: Arc<OutputRegistry>,
    /// Cancelled when the whole run is to end.
    pub(crate) stop: CancellationToken,
    /// How long a cancelled attempt may take to end.
    pub(crate) grace: Duration,
    /// Times a failed task is tried again; 0 for any number.
    pub(crate) retries: u32,
    /// What is kept of a task's output until it is shown.
    pub(crate) tap: TapOptions,
    /// The standard input of the first attempt of the first task.
    pub(crate) stdin: Mutex<Option<OwnedFd>>,
    /// Shows the output of a task that starts.
    pub(crate) show: Box<Show>,
    /// Where each task reports once it is over.
    pub(crate) reports: mpsc::UnboundedSender<TaskReport>,
}

/// What became of a task.
#[derive(Debug)]
pub(crate) struct TaskReport {
    /// The number of the task in the run.
    pub(crate) number: usize,
    /// `None` when it never started.
    pub(crate) run: Option<TaskRun>,
}

impl TaskRun {
    /// That of a task that never started.
    pub(crate) fn none(outcome: Outcome) -> Self {
        Self {
            outcome,
            told: AttemptOutcome::default(),
            attempts: 0,
            duration: Duration::ZERO,
            found_no_runner: false,
            source: None,
        }
    }
}

/// What became of a task that started.
#[derive(Debug)]
pub(crate) struct TaskRun {
    pub(crate) outcome: Outcome,
    /// What its runner said of the end of the last attempt.
    pub(crate) told: AttemptOutcome,
    pub(crate) attempts: u32,
    pub(crate) duration: Duration,
    /// Whether the last runner that would have taken it was gone by then.
    pub(crate) found_no_runner: bool,
    /// `None` when its runner could not build it.
    pub(crate) source: Option<Arc<Source>>,
}
