//! A runner of a plugin, as one of the published line.

use std::sync::Arc;

use solti_model_published::{Task, WorkloadTypeMeta};
use solti_plugin_host::solti_model::{RunnerEnv, TaskId};
use solti_plugin_host::taskvisor::TaskRef;
use solti_plugin_host::{
    BuildContext, Kinds, LivePlugins, MetricsHandle, RunId, RunnerError, RunnerRouter,
};
use solti_runner_published::{self as published, BuildCancellation, BuildScope, async_trait};

use crate::composite::{Calendar, Composite, Plan};
use crate::convert::{Unbridgeable, Work, metadata_of, work_of};
use crate::gvk::types_of;
use crate::metrics::ToPublished;
use crate::output::{OutputRoute, TaskOutput};
use crate::routed;
use crate::task::{Body, BridgedTask};

/// What all runners of a bridge share.
pub(crate) struct Shared {
    /// All runners that were loaded: the published router asks no runner whether it takes a task, so one
    /// that does not passes it on.
    pub(crate) all: Runners,
    pub(crate) output: Arc<dyn OutputRoute>,
    /// What runners count, where it does not go to the published metrics.
    pub(crate) metrics: Option<MetricsHandle>,
}

/// All runners of plugins.
pub(crate) enum Runners {
    /// Those that were loaded.
    Fixed(Arc<RunnerRouter>),
    /// Those that are in service now.
    Live(Arc<LivePlugins>),
}

impl Runners {
    fn router(&self) -> Arc<RunnerRouter> {
        match self {
            Self::Fixed(router) => Arc::clone(router),
            Self::Live(plugins) => plugins.router(),
        }
    }

    /// Whether this is the router of now.
    fn is(&self, router: &Arc<RunnerRouter>) -> bool {
        Arc::ptr_eq(&self.router(), router)
    }
}

impl Shared {
    /// Builds a task for the runner of this name: by its `own` runner, unless that does not take it, and by
    /// all of them otherwise.
    async fn build(
        &self,
        name: &str,
        own: Option<&RunnerRouter>,
        task: &Task,
        run_id: &published::RunId,
        ctx: &published::BuildContext,
        cancellation: &BuildCancellation,
    ) -> Result<taskvisor_published::TaskRef, published::RunnerError> {
        let work = work_of(task).map_err(invalid)?;
        let output = self.output.begin(task, ctx.output_publisher());
        let context = self
            .context(&*output, run_id, ctx)
            .with_metadata(metadata_of(task));
        let building = self.build_by(own, &work, context);
        let built = unless_cancelled(cancellation, building).await?;
        let built = built.map_err(|err| error_of(name, task, err))?;
        let channel = TaskId::from(built.name());
        let body = Body::Plan(Plan::One(built));
        Ok(Arc::new(BridgedTask::new(
            body,
            channel,
            output,
            task.spec(),
        )))
    }

    async fn build_by(
        &self,
        own: Option<&RunnerRouter>,
        work: &Work,
        context: BuildContext,
    ) -> Result<TaskRef, RunnerError> {
        if let Some(own) = own {
            match build_by(own, work, context.clone()).await {
                Err(RunnerError::NoRunner(_)) => {}
                built => return built,
            }
        }
        loop {
            let router = self.all.router();
            match build_by(&router, work, context.clone()).await {
                // What it led to was replaced while it was asked.
                Err(RunnerError::NoRunner(_)) if !self.all.is(&router) => {}
                built => return built,
            }
        }
    }

    /// What a task is built with.
    fn context(
        &self,
        output: &dyn TaskOutput,
        run_id: &published::RunId,
        ctx: &published::BuildContext,
    ) -> BuildContext {
        let metrics = match &self.metrics {
            Some(metrics) => Arc::clone(metrics),
            None => Arc::new(ToPublished(Arc::clone(ctx.metrics()))),
        };
        BuildContext::new(env_of(ctx), metrics)
            .with_output_registry(Arc::clone(output.registry()))
            .with_run_id(RunId::from_parts(run_id.name().to_owned(), run_id.seq()))
    }
}

/// A runner of a plugin, as one of the published line.
pub(crate) struct Bridge {
    pub(crate) name: String,
    pub(crate) types: Vec<WorkloadTypeMeta>,
    /// This runner alone.
    pub(crate) own: RunnerRouter,
    pub(crate) shared: Arc<Shared>,
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
        let own = Some(&self.own);
        self.shared
            .build(&self.name, own, task, run_id, ctx, cancellation)
            .await
    }
}

/// The runner of everything that plugins in service take.
pub(crate) struct Delegate(pub(crate) Arc<Shared>);

/// The name of the runner that stands for all plugins.
const DELEGATE: &str = "plugins";

#[async_trait]
impl published::Runner for Delegate {
    fn name(&self) -> &str {
        DELEGATE
    }

    fn workload_types(&self) -> Vec<WorkloadTypeMeta> {
        let (mut types, _) = types_of(&Kinds::ANY);
        types.extend(routed::workload_type());
        types
    }

    async fn build_task(
        &self,
        task: &Task,
        run_id: &published::RunId,
        ctx: &published::BuildContext,
        cancellation: &BuildCancellation,
        _scope: &mut BuildScope,
    ) -> Result<taskvisor_published::TaskRef, published::RunnerError> {
        let task = &routed::from_core(task.clone());
        self.0
            .build(DELEGATE, None, task, run_id, ctx, cancellation)
            .await
    }
}

/// What builds workloads that are made of others, out of tasks of all plugins.
pub(crate) struct Composer(pub(crate) Arc<Shared>);

/// The name of the runner of composites.
pub(crate) const COMPOSER: &str = "composite";

#[async_trait]
impl published::Runner for Composer {
    fn name(&self) -> &str {
        COMPOSER
    }

    fn workload_types(&self) -> Vec<WorkloadTypeMeta> {
        Composite::types()
    }

    async fn build_task(
        &self,
        task: &Task,
        run_id: &published::RunId,
        ctx: &published::BuildContext,
        cancellation: &BuildCancellation,
        _scope: &mut BuildScope,
    ) -> Result<taskvisor_published::TaskRef, published::RunnerError> {
        let composite = Composite::of(task).map_err(invalid)?;
        let composite = composite.ok_or_else(|| {
            published::RunnerError::InvalidSpec("it is made of no others".to_owned())
        })?;
        let parts = composite.parts(task).map_err(invalid)?;
        let output = self.0.output.begin(task, ctx.output_publisher());
        // All with one name, so that their output is one.
        let context = self.0.context(&*output, run_id, ctx);
        let mut built = Vec::new();
        for part in &parts {
            let work = work_of(part).map_err(invalid)?;
            let context = context.clone().with_metadata(metadata_of(part));
            let building = self.0.build_by(None, &work, context);
            let task = unless_cancelled(cancellation, building).await?;
            built.push(task.map_err(|err| error_of(COMPOSER, part, err))?);
        }
        let Some(first) = built.first() else {
            return Err(published::RunnerError::InvalidSpec(
                "it has no steps".to_owned(),
            ));
        };
        let channel = TaskId::from(first.name());
        let body = body_of(&composite, task, built).map_err(invalid)?;
        Ok(Arc::new(BridgedTask::new(
            body,
            channel,
            output,
            task.spec(),
        )))
    }
}

/// What attempts of a composite do with the tasks that it is made of.
fn body_of(
    composite: &Composite,
    task: &Task,
    mut built: Vec<TaskRef>,
) -> Result<Body, Unbridgeable> {
    let plan = match composite.chain(task)? {
        Some(chain) => Plan::chain(&chain, built),
        None => Plan::One(built.remove(0)),
    };
    Ok(match composite {
        Composite::Chain(_) => Body::Plan(plan),
        Composite::Cron(cron) => Body::Calendar(Box::new(Calendar {
            schedule: cron.schedule.clone(),
            timeout: cron.timeout,
            plan,
        })),
    })
}

/// Waits for a build. Dropping it cancels it.
async fn unless_cancelled<T>(
    cancellation: &BuildCancellation,
    build: impl Future<Output = T>,
) -> Result<T, published::RunnerError> {
    tokio::select! {
        biased;
        built = build => Ok(built),
        () = cancellation.cancelled() => Err(published::RunnerError::BuildCancelled),
    }
}

fn invalid(err: Unbridgeable) -> published::RunnerError {
    published::RunnerError::InvalidSpec(err.to_string())
}

fn error_of(runner: &str, task: &Task, err: RunnerError) -> published::RunnerError {
    let workload = task.spec().workload();
    match err {
        RunnerError::UnsupportedKind { .. } => published::RunnerError::UnsupportedWorkload {
            runner: runner.to_owned(),
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
