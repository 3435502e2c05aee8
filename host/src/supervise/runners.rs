//! The runners that a supervisor has do its tasks.

use std::fmt;
use std::sync::Arc;

use solti_plugin_abi::RunnerError;
use taskvisor::TaskRef;

use super::submission::Submission;
use crate::router::RunnerRouter;

/// The runners that a supervisor has do its tasks: those of a router, or those that are there when a task
/// begins.
///
/// A [`RunnerRouter`] and a [`LivePlugins`](crate::LivePlugins) become one by [`From`].
#[derive(Clone)]
pub struct Runners(Source);

#[derive(Clone)]
enum Source {
    Fixed(Arc<RunnerRouter>),
    Changing(Arc<dyn Fn() -> Arc<RunnerRouter> + Send + Sync>),
}

impl From<RunnerRouter> for Runners {
    fn from(router: RunnerRouter) -> Self {
        Self(Source::Fixed(Arc::new(router)))
    }
}

impl Runners {
    /// Those of the router that `now` returns, which is another one when they have changed.
    pub fn changing(now: impl Fn() -> Arc<RunnerRouter> + Send + Sync + 'static) -> Self {
        Self(Source::Changing(Arc::new(now)))
    }

    /// Their router of now.
    pub(super) fn router(&self) -> Arc<RunnerRouter> {
        match &self.0 {
            Source::Fixed(router) => Arc::clone(router),
            Source::Changing(now) => now(),
        }
    }

    /// Whether one of them takes the task.
    pub(super) fn takes(&self, submission: &Submission) -> bool {
        let mut router = self.router();
        loop {
            if submission.pick(&router).is_some() {
                return true;
            }
            let now = self.router();
            // What it led to may have been replaced while it was asked.
            if Arc::ptr_eq(&router, &now) {
                return false;
            }
            router = now;
        }
    }

    /// Has the task built; dropping the future cancels that.
    pub(super) async fn build(&self, submission: &Submission) -> Result<TaskRef, RunnerError> {
        loop {
            let router = self.router();
            match submission.build(&router).await {
                Err(RunnerError::NoRunner(_)) if !Arc::ptr_eq(&router, &self.router()) => {}
                built => return built,
            }
        }
    }
}

impl fmt::Debug for Runners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runners").finish_non_exhaustive()
    }
}
