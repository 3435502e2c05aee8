//! A task that outlives the plugin that has built it.

use std::pin::Pin;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use solti_model::TaskSpec;
use solti_plugin_abi::{AttemptScope, BuildContext, RunnerError, Workload};
use taskvisor::{BoxTaskFuture, Task, TaskError, TaskRef};
use tokio_util::sync::CancellationToken;

use crate::foreign::Plugin;

/// What is to be done.
#[derive(Clone)]
pub(super) enum Work {
    Spec(Box<TaskSpec>),
    Workload(Box<Workload>),
}

impl From<&TaskSpec> for Work {
    fn from(spec: &TaskSpec) -> Self {
        Self::Spec(Box::new(spec.clone()))
    }
}

impl From<&Workload> for Work {
    fn from(workload: &Workload) -> Self {
        Self::Workload(Box::new(workload.clone()))
    }
}

/// A task, and the plugin that has built it; none where its runner is linked in.
#[derive(Clone)]
pub(super) struct Built {
    pub(super) task: TaskRef,
    pub(super) plugin: Option<Plugin>,
}

/// A build under way.
pub(super) type Build = Pin<Box<dyn Future<Output = Result<Built, RunnerError>> + Send>>;

/// Has a task built by whoever takes it now.
pub(super) trait Builds: Send + Sync {
    fn build(self: Arc<Self>, work: Work, context: BuildContext) -> Build;
}

/// A task that is built anew for its next attempt when its plugin has been replaced.
pub(super) struct LiveTask {
    name: String,
    shared: Arc<Shared>,
}

struct Shared {
    now: Mutex<Built>,
    work: Work,
    context: BuildContext,
    again: Weak<dyn Builds>,
}

impl LiveTask {
    pub(super) fn new(
        built: Built,
        work: Work,
        context: BuildContext,
        again: Weak<dyn Builds>,
    ) -> Self {
        Self {
            name: built.task.name().to_owned(),
            shared: Arc::new(Shared {
                now: Mutex::new(built),
                work,
                context,
                again,
            }),
        }
    }
}

impl Built {
    /// Begins an attempt by `spawn`, unless its plugin takes no more.
    fn begin<T>(&self, spawn: impl FnOnce(&TaskRef) -> T) -> Option<T> {
        let _entered = match &self.plugin {
            Some(plugin) => Some(plugin.enter()?),
            None => None,
        };
        Some(spawn(&self.task))
    }
}

impl Shared {
    fn now(&self) -> Built {
        self.now.lock().clone()
    }

    /// Builds the task anew, and lets go of the one before.
    async fn build_again(&self) -> Result<Built, TaskError> {
        let failed = |err: RunnerError| TaskError::Fail {
            reason: format!("its plugin is no longer in service, and no other has built it: {err}"),
            exit_code: None,
        };
        let again = self.again.upgrade().ok_or(TaskError::Canceled)?;
        let building = again.build(self.work.clone(), self.context.clone());
        let built = building.await.map_err(failed)?;
        let before = std::mem::replace(&mut *self.now.lock(), built.clone());
        crate::foreign::let_go(before);
        Ok(built)
    }
}

impl Task for LiveTask {
    fn name(&self) -> &str {
        &self.name
    }

    fn spawn(&self, cancel: CancellationToken) -> BoxTaskFuture {
        if let Some(attempt) = self.shared.now().begin(|task| task.spawn(cancel.clone())) {
            return attempt;
        }
        // What its supervisor has told of the attempt is for the task that is built now.
        let scope = AttemptScope::take_beginning();
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            loop {
                let built = tokio::select! {
                    biased;
                    () = cancel.cancelled() => return Err(TaskError::Canceled),
                    built = shared.build_again() => built?,
                };
                let spawn = |task: &TaskRef| task.spawn(cancel.clone());
                let begun = built.begin(|task| match &scope {
                    Some(scope) => scope.while_beginning(|| spawn(task)),
                    None => spawn(task),
                });
                // Replaced once more meanwhile.
                let Some(attempt) = begun else { continue };
                return attempt.await;
            }
        })
    }
}
