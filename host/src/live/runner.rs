//! A plugin's runner whose tasks outlive the plugin.

use std::sync::{Arc, Weak};

use bytes::Bytes;
use solti_model::TaskSpec;
use solti_plugin_abi::{
    BuildContext, Building, CallFuture, Kinds, RunId, Runner, RunnerError, Workload,
};
use taskvisor::TaskRef;

use super::task::{Builds, Built, LiveTask, Work};
use crate::foreign::Plugin;

/// A plugin's runner whose tasks outlive the plugin.
pub(super) struct LiveRunner {
    pub(super) runner: Arc<dyn Runner>,
    pub(super) plugin: Plugin,
    pub(super) again: Weak<dyn Builds>,
}

impl LiveRunner {
    /// Has it build a task, for a task that is built anew.
    pub(super) async fn build(
        &self,
        work: &Work,
        context: &BuildContext,
    ) -> Result<Built, RunnerError> {
        let runner = &self.runner;
        let task = match work {
            Work::Spec(spec) => match runner.build_async(spec, context) {
                Some(building) => building.await?,
                None => runner.build_task(spec, context)?,
            },
            Work::Workload(workload) => match runner.build_workload_async(workload, context) {
                Some(building) => building.await?,
                None => runner.build_workload(workload, context)?,
            },
        };
        Ok(self.own(task))
    }

    fn live(&self, built: Built, work: Work, context: &BuildContext) -> TaskRef {
        let again = Weak::clone(&self.again);
        Arc::new(LiveTask::new(built, work, context.clone(), again))
    }

    /// What this plugin has built.
    fn own(&self, task: TaskRef) -> Built {
        Built {
            task,
            plugin: Some(self.plugin.clone()),
        }
    }

    /// Waits for a build; where the plugin was replaced meanwhile, another one is asked.
    async fn built(
        &self,
        building: Building<'_>,
        work: Work,
        context: &BuildContext,
    ) -> Result<TaskRef, RunnerError> {
        let built = match (building.await, self.again.upgrade()) {
            (Ok(task), _) => self.own(task),
            (Err(_), Some(again)) if self.plugin.is_draining() => {
                again.build(work.clone(), context.clone()).await?
            }
            (Err(err), _) => return Err(err),
        };
        Ok(self.live(built, work, context))
    }
}

impl Runner for LiveRunner {
    fn name(&self) -> &'static str {
        self.runner.name()
    }

    fn supports(&self, spec: &TaskSpec) -> bool {
        self.runner.supports(spec)
    }

    fn build_task(&self, spec: &TaskSpec, ctx: &BuildContext) -> Result<TaskRef, RunnerError> {
        let task = self.runner.build_task(spec, ctx)?;
        Ok(self.live(self.own(task), spec.into(), ctx))
    }

    fn build_run_id(&self, slot: &str) -> RunId {
        self.runner.build_run_id(slot)
    }

    fn kinds(&self) -> Kinds {
        self.runner.kinds()
    }

    fn build_async<'a>(
        &'a self,
        spec: &'a TaskSpec,
        ctx: &'a BuildContext,
    ) -> Option<Building<'a>> {
        let building = self.runner.build_async(spec, ctx)?;
        Some(Box::pin(self.built(building, spec.into(), ctx)))
    }

    fn supports_workload(&self, workload: &Workload) -> bool {
        self.runner.supports_workload(workload)
    }

    fn build_workload(
        &self,
        workload: &Workload,
        ctx: &BuildContext,
    ) -> Result<TaskRef, RunnerError> {
        let task = self.runner.build_workload(workload, ctx)?;
        Ok(self.live(self.own(task), workload.into(), ctx))
    }

    fn build_workload_async<'a>(
        &'a self,
        workload: &'a Workload,
        ctx: &'a BuildContext,
    ) -> Option<Building<'a>> {
        let building = self.runner.build_workload_async(workload, ctx)?;
        Some(Box::pin(self.built(building, workload.into(), ctx)))
    }

    fn call<'a>(&'a self, method: &'a str, payload: Bytes) -> CallFuture<'a> {
        self.runner.call(method, payload)
    }

    fn unread(&self, format: u32) -> Option<String> {
        self.runner.unread(format)
    }
}
