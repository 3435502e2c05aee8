//! A runner of a plugin, as one of the published line.

use std::sync::Arc;

use solti_model_published::{Task, WorkloadTypeMeta};
use solti_plugin_host::solti_model::RunnerEnv;
use solti_plugin_host::taskvisor::TaskRef;
use solti_plugin_host::{BuildContext, RunId, RunnerError, RunnerRouter};
use solti_runner_published::{self as published, BuildCancellation, BuildScope, async_trait};

use crate::convert::{Work, metadata_of, work_of};
use crate::metrics::ToPublished;
use crate::output::OutputRoute;
use crate::task::BridgedTask;

/// A runner of a plugin, as one of the published line.
pub(crate) struct Bridge {
    pub(crate) name: String,
    pub(crate) types: Vec<WorkloadTypeMeta>,
    /// This runner alone.
    pub(crate) own: RunnerRouter,
    /// All that were loaded with it: the published router asks no runner whether it takes a task, so one
    /// that does not passes it on.
    pub(crate) all: Arc<RunnerRouter>,
    pub(crate) output: Arc<dyn OutputRoute>,
}

#[async_trait]
impl published::Runner for Bridge {
    fn name(&self) -> &str {
        &self.name
    }

    fn workload_types(&self) -> Vec<WorkloadTypeMeta> {
        self.types.clone()
    }

    async fn build_task(
        &self,
        task: &Task,
        run_id: &published::RunId,
        ctx: &published::BuildContext,
        cancellation: &BuildCancellation,
        _scope: &mut BuildScope,
    ) -> Result<taskvisor_published::TaskRef, published::RunnerError> {
        let work =
            work_of(task).map_err(|err| published::RunnerError::InvalidSpec(err.to_string()))?;
        let output = self.output.begin(task, ctx.output_publisher());
        let context = BuildContext::new(
            env_of(ctx),
            Arc::new(ToPublished(Arc::clone(ctx.metrics()))),
        )
        .with_output_registry(Arc::clone(output.registry()))
        .with_run_id(RunId::from_parts(run_id.name().to_owned(), run_id.seq()))
        .with_metadata(metadata_of(task));
        let built = tokio::select! {
            biased;
            built = self.build(&work, context) => built,
            // Dropping the build cancels it.
            () = cancellation.cancelled() => return Err(published::RunnerError::BuildCancelled),
        };
        let built = built.map_err(|err| self.error_of(task, err))?;
        Ok(Arc::new(BridgedTask::new(built, output, task.spec())))
    }
}

impl Bridge {
    async fn build(&self, work: &Work, context: BuildContext) -> Result<TaskRef, RunnerError> {
        match build_by(&self.own, work, context.clone()).await {
            Err(RunnerError::NoRunner(_)) => build_by(&self.all, work, context).await,
            built => built,
        }
    }

    fn error_of(&self, task: &Task, err: RunnerError) -> published::RunnerError {
        let workload = task.spec().workload();
        match err {
            RunnerError::UnsupportedKind { .. } => published::RunnerError::UnsupportedWorkload {
                runner: self.name.clone(),
                api_version: workload.api_version().to_owned(),
                kind: workload.kind().to_owned(),
            },
            RunnerError::NoRunner(kind) => {
                published::RunnerError::InvalidSpec(format!("no plugin takes this task: {kind}"))
            }
            RunnerError::InvalidSpec(reason) => published::RunnerError::InvalidSpec(reason),
            RunnerError::MissingField(field) => {
                published::RunnerError::InvalidSpec(format!("missing field: {field}"))
            }
            RunnerError::Internal(reason) => published::RunnerError::Internal(reason),
            other => published::RunnerError::Internal(other.to_string()),
        }
    }
}

async fn build_by(
    router: &RunnerRouter,
    work: &Work,
    context: BuildContext,
) -> Result<TaskRef, RunnerError> {
    match work {
        Work::Spec(spec) => router.build_async_in(spec, context).await,
        Work::Workload(workload) => router.build_workload_async_in(workload, context).await,
    }
}

fn env_of(ctx: &published::BuildContext) -> RunnerEnv {
    let mut env = RunnerEnv::default();
    for variable in ctx.env().iter() {
        env.push(variable.key(), variable.value());
    }
    env
}
