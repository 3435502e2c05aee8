//! One task of a supervisor, for who waits for it.

use std::fmt;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::end::TaskEnd;
use super::output::TaskOutput;
use super::running::Waiter;
use super::submission::{Submission, TaskNumber};
use super::tasks::Tasks;

/// One task that a supervisor was given: its output, its end, and the way to bring that about.
///
/// Dropping it cancels the task.
pub struct TaskHandle {
    tasks: Arc<Tasks>,
    number: TaskNumber,
    /// Until it was asked for.
    output: Option<oneshot::Receiver<TaskOutput>>,
    end: oneshot::Receiver<TaskEnd>,
}

impl TaskHandle {
    /// Has these tasks take one more.
    pub(super) fn submit(tasks: &Arc<Tasks>, submission: Submission) -> Self {
        let (output, started) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let waiter = Waiter {
            output: Some(output),
            end,
        };
        Self {
            number: tasks.submit(submission, Some(Box::new(waiter))),
            tasks: Arc::clone(tasks),
            output: Some(started),
            end: ended,
        }
    }

    /// The number of the task.
    #[must_use]
    pub fn number(&self) -> TaskNumber {
        self.number
    }

    /// Whether the task is over: at once where no runner takes it, or where its slot is busy and it was not
    /// to wait.
    #[must_use]
    pub fn is_over(&self) -> bool {
        !self.tasks.has(self.number)
    }

    /// The output of the task, when its first attempt is about to begin; `None` for one that never starts,
    /// and when this was asked before.
    pub async fn output(&mut self) -> Option<TaskOutput> {
        self.output.take()?.await.ok()
    }

    /// Has the task end: at once where it has not begun, within its grace where it has. `false` when it is
    /// over already.
    pub fn cancel(&self) -> bool {
        self.tasks.cancel(self.number, "cancelled")
    }

    /// Waits for the end of the task.
    ///
    /// A task waits for who reads its output: what was not asked for is dropped before.
    pub async fn end(mut self) -> TaskEnd {
        self.output = None;
        let end = (&mut self.end).await;
        end.expect("every task is told to be over")
    }
}

/// Cancels a task that nobody waits for any more.
impl Drop for TaskHandle {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl fmt::Debug for TaskHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskHandle")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}
