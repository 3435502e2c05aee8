//! Hears of the tasks of a run: shows their output, and passes on their ends.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use solti_plugin_host::output::TapOptions;
use solti_plugin_host::supervise::{
    Observer, Outcome, StartedTask, TaskEnd, TaskNumber, TaskOutput,
};
use tokio::sync::mpsc;

use crate::output::Source;

/// Shows the output of a task from now on, and says where it is counted.
pub(super) type Show = dyn Fn(&StartedTask<'_>, TaskOutput) -> Arc<Source> + Send + Sync;

/// A task that is over, and where its output was counted if it had any.
pub(super) type Ended = (TaskEnd, Option<Arc<Source>>);

/// Hears of the tasks of a run.
pub(super) struct Watch {
    /// What is kept of a task's output until it is shown.
    tap: TapOptions,
    show: Box<Show>,
    /// The tasks that have started and are not over.
    sources: Mutex<HashMap<TaskNumber, Arc<Source>>>,
    ends: mpsc::UnboundedSender<Ended>,
}

impl Watch {
    /// Shows output by `show`; the ends of tasks come out of what is returned beside it.
    pub(super) fn new(tap: TapOptions, show: Box<Show>) -> (Self, mpsc::UnboundedReceiver<Ended>) {
        let (ends, ended) = mpsc::unbounded_channel();
        let watch = Self {
            tap,
            show,
            sources: Mutex::default(),
            ends,
        };
        (watch, ended)
    }
}

impl Observer for Watch {
    fn started(&self, task: &StartedTask<'_>) {
        let output = task
            .output(self.tap)
            .expect("its channel has just been made, in this process");
        let source = (self.show)(task, output);
        self.sources.lock().insert(task.number(), source);
    }

    fn attempt_ended(&self, task: TaskNumber, attempt: u32, outcome: &Outcome) {
        if let Some(source) = self.sources.lock().get(&task) {
            source.record_outcome(attempt, outcome.clone());
        }
    }

    fn ended(&self, end: TaskEnd) {
        let source = self.sources.lock().remove(&end.number);
        // Nobody listens only when the run has been abandoned.
        self.ends.send((end, source)).ok();
    }
}
