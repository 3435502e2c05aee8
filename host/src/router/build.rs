//! Builds that wait without a thread of the caller's, and builds of workloads.

use std::sync::Arc;

use solti_model::TaskSpec;
use solti_plugin_abi::v1::runner::format;
use solti_plugin_abi::{BuildContext, Runner, RunnerError, Workload, build_apart};
use taskvisor::TaskRef;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::RunnerRouter;

impl RunnerRouter {
    /// Has the first runner that fits `spec` build its task while the caller does other things.
    ///
    /// Runners are still asked on the thread that polls this, as [`pick`](Self::pick) says; what follows
    /// blocks none: a plugin builds on threads of its own, a runner that is linked in, unless it
    /// implements [`Runner::build_async`], on one that is kept for building. Dropping the future
    /// cancels the build.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub async fn build_async(&self, spec: &TaskSpec) -> Result<TaskRef, RunnerError> {
        self.build_async_in(spec, self.context.clone()).await
    }

    /// As [`build_async`](Self::build_async), in a context of its own: with the id of the run, what is
    /// known of the task besides its spec, and a token that cancels the build.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub async fn build_async_in(
        &self,
        spec: &TaskSpec,
        context: BuildContext,
    ) -> Result<TaskRef, RunnerError> {
        let runner = self.pick_routable(spec)?;
        let (context, unfinished) = cancelled_with_this(context);
        let task = match runner.build_async(spec, &context) {
            Some(building) => unless_cancelled(&context, building).await?,
            None => {
                let (builder, spec) = (Arc::clone(runner), spec.clone());
                let given = context.clone();
                let building = build_apart(move || builder.build_task(&spec, &given));
                unless_cancelled(&context, building).await?
            }
        };
        unfinished.disarm();
        debug!(runner = runner.name(), task = task.name(), "built a task");
        Ok(task)
    }

    /// Finds the first runner that fits `workload`; `None` when there is none.
    #[must_use]
    pub fn pick_workload(&self, workload: &Workload) -> Option<&Arc<dyn Runner>> {
        self.first(
            &workload.kind,
            workload.runner_selector.as_ref(),
            |runner| {
                // Who takes every kind of the model has not said that he takes this one.
                let kinds = runner.kinds();
                kinds.names().any(|kind| kind == workload.kind)
                    && runner.supports_workload(workload)
            },
        )
    }

    /// Has the first runner that fits `workload` build its task: what [`build`](Self::build) is for kinds
    /// that the model has no room for. Blocks as that does.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn build_workload(&self, workload: &Workload) -> Result<TaskRef, RunnerError> {
        let runner = self.routable(workload)?;
        let task = runner.build_workload(workload, &self.context)?;
        debug!(runner = runner.name(), task = task.name(), "built a task");
        Ok(task)
    }

    /// As [`build_async`](Self::build_async), for a workload.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub async fn build_workload_async(&self, workload: &Workload) -> Result<TaskRef, RunnerError> {
        self.build_workload_async_in(workload, self.context.clone())
            .await
    }

    /// As [`build_async_in`](Self::build_async_in), for a workload.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub async fn build_workload_async_in(
        &self,
        workload: &Workload,
        context: BuildContext,
    ) -> Result<TaskRef, RunnerError> {
        let runner = self.routable(workload)?;
        let (context, unfinished) = cancelled_with_this(context);
        let task = match runner.build_workload_async(workload, &context) {
            Some(building) => unless_cancelled(&context, building).await?,
            None => {
                let (builder, workload) = (Arc::clone(runner), workload.clone());
                let given = context.clone();
                let building = build_apart(move || builder.build_workload(&workload, &given));
                unless_cancelled(&context, building).await?
            }
        };
        unfinished.disarm();
        debug!(runner = runner.name(), task = task.name(), "built a task");
        Ok(task)
    }

    fn routable(&self, workload: &Workload) -> Result<&Arc<dyn Runner>, RunnerError> {
        self.pick_workload(workload).ok_or_else(|| {
            let selector = workload.runner_selector.as_ref();
            self.no_runner(&workload.kind, selector, format::WORKLOAD)
        })
    }
}

/// Waits for a build until it is cancelled, which dropping it tells its runner: one that does not
/// answer holds nobody up.
async fn unless_cancelled(
    context: &BuildContext,
    building: impl Future<Output = Result<TaskRef, RunnerError>>,
) -> Result<TaskRef, RunnerError> {
    tokio::select! {
        biased;
        built = building => built,
        () = context.cancellation().cancelled() => {
            context.add_error_detail("error", "canceled");
            Err(RunnerError::Internal("the build was cancelled".to_owned()))
        }
    }
}

/// A context whose build is cancelled when what is returned beside it is dropped, unless it was
/// disarmed: a task may hold the context.
fn cancelled_with_this(context: BuildContext) -> (BuildContext, tokio_util::sync::DropGuard) {
    let token: CancellationToken = context.cancellation().child_token();
    (context.with_cancellation(token.clone()), token.drop_guard())
}
