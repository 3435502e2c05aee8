//! The supervisor that a host talks to.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use solti_plugin_abi::AttemptControl;
use tokio::time::timeout;

use super::end::TaskEnd;
use super::handle::TaskHandle;
use super::observer::Observer;
use super::options::SupervisorOptions;
use super::output::TaskOutput;
use super::runners::Runners;
use super::submission::{Submission, TaskNumber};
use super::task;
use super::tasks::Tasks;

/// What tasks get on top of their grace, to end when all are to.
const MARGIN: Duration = Duration::from_secs(1);

/// Runs tasks through the runners of a router, or of plugins that come and go, with the policies of their specs.
///
/// Tasks that are submitted run on the tokio runtime in which the supervisor was made. Clones lead to the
/// same supervisor. Dropping all of them ends nothing: [`stop`](Self::stop) does.
///
/// # Examples
///
/// ```no_run
/// use solti_plugin_host::solti_model::TaskSpec;
/// use solti_plugin_host::supervise::Supervisor;
/// use solti_plugin_host::{RunnerRouter, load_dir};
///
/// # async fn run(spec: TaskSpec) -> Result<(), Box<dyn std::error::Error>> {
/// let mut router = RunnerRouter::new();
/// load_dir("plugins", &mut router)?;
/// let supervisor = Supervisor::new(router);
/// let end = supervisor
///     .run(spec, async |output| {
///         output.write_to(std::io::stdout(), std::io::stderr()).await
///     })
///     .await?;
/// println!("{}", end.outcome);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Supervisor {
    tasks: Arc<Tasks>,
}

impl Supervisor {
    /// Supervises tasks of these runners, any number at the same time: of a router, or of a
    /// [`LivePlugins`](crate::LivePlugins).
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn new(runners: impl Into<Runners>) -> Self {
        Self::with(runners, SupervisorOptions::default(), ())
    }

    /// As [`new`](Self::new), with options, and with an observer that hears of every task.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn with(
        runners: impl Into<Runners>,
        options: SupervisorOptions,
        observer: impl Observer + 'static,
    ) -> Self {
        let tasks = Tasks::new(runners.into(), options, Box::new(observer), task::run);
        Self {
            tasks: Arc::new(tasks),
        }
    }

    /// Takes a task, and returns its number; what becomes of it the observer hears.
    ///
    /// Runners are asked whether they take it, on this thread: see [`RunnerRouter::pick`](crate::RunnerRouter::pick).
    pub fn submit(&self, task: impl Into<Submission>) -> TaskNumber {
        self.tasks.submit(task.into(), None)
    }

    /// Takes a task that is waited for, or cancelled, by what is returned.
    ///
    /// Runners are asked whether they take it, on this thread: see [`RunnerRouter::pick`](crate::RunnerRouter::pick).
    #[must_use]
    pub fn start(&self, task: impl Into<Submission>) -> TaskHandle {
        TaskHandle::submit(&self.tasks, task.into())
    }

    /// Runs a task to its end, and has its output read meanwhile: ends when both are over.
    ///
    /// `read` gets the output when the first attempt is about to begin; it is not called for a task that
    /// never starts. Dropping the future cancels the task.
    ///
    /// # Errors
    ///
    /// Those of `read`; the task is cancelled then.
    pub async fn run<E>(
        &self,
        task: impl Into<Submission>,
        read: impl AsyncFnOnce(TaskOutput) -> Result<(), E>,
    ) -> Result<TaskEnd, E> {
        let mut task = self.start(task);
        if let Some(output) = task.output().await {
            read(output).await?;
        }
        Ok(task.end().await)
    }

    /// Has a task end: at once where it has not begun, within its grace where it has. `false` when it is
    /// over already.
    pub fn cancel(&self, task: TaskNumber) -> bool {
        self.tasks.cancel(task, "cancelled")
    }

    /// The way to the attempt of a task that runs, to call its methods; `None` when none runs.
    #[must_use]
    pub fn attempt(&self, task: TaskNumber) -> Option<AttemptControl> {
        self.tasks.attempt(task)
    }

    /// How many tasks are not over.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.tasks.len()
    }

    /// Waits until no task is left, and the observer has heard of all.
    pub async fn idle(&self) {
        self.tasks.idle().await;
    }

    /// Ends all tasks, and takes no more: returns when all are over, a second after their grace at most.
    ///
    /// What has not ended by then, because its runner blocks the runtime, ends as abandoned.
    pub async fn stop(&self) {
        let limit = self.tasks.options.grace.saturating_add(MARGIN);
        self.stop_within(limit).await;
    }

    /// As [`stop`](Self::stop), but waits no longer than this.
    pub async fn stop_within(&self, limit: Duration) {
        self.tasks.stop();
        if timeout(limit, self.tasks.idle()).await.is_err() {
            self.tasks.abandon();
        }
    }
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supervisor")
            .field("tasks", &self.tasks())
            .finish_non_exhaustive()
    }
}
