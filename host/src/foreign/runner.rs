//! A plugin's runner as a [`Runner`].

use std::sync::Arc;

use abi_stable::std_types::{RBox, RStr, RString};
use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use solti_model::{TaskKind, TaskSpec};
use solti_plugin_abi::text::one_line;
use solti_plugin_abi::v1::error::FfiError;
use solti_plugin_abi::v1::runner::{FfiBuild, FfiRunner, FfiSpec, RunnerAbi_TO, format};
use solti_plugin_abi::v1::task::FfiTask;
use solti_plugin_abi::{
    BuildContext, Building, CallFuture, Kinds, RunId, Runner, RunnerError, Workload, make_run_id,
};
use taskvisor::TaskRef;
use tracing::error;

use super::call;
use super::error::{details, runner_error};
use super::plugin::Plugin;
use super::task::ForeignTask;
use crate::services::output::BuildChannels;
use crate::services::{metrics, output};

/// A runner on the other side of the boundary.
pub(crate) struct ForeignRunner {
    plugin: Plugin,
    name: &'static str,
    kinds: Kinds,
    /// Whether the declared kinds alone decide.
    by_kind: bool,
    /// There until it is dropped.
    object: Option<RunnerAbi_TO<RBox<()>>>,
}

impl ForeignRunner {
    pub(crate) fn new(plugin: Plugin, runner: FfiRunner, kinds: Kinds, by_kind: bool) -> Self {
        // A copy of the name, so that nothing of ours points into a library's memory.
        let name = Box::leak(runner.name.as_str().into());
        Self {
            plugin,
            name,
            kinds,
            by_kind,
            object: Some(runner.object),
        }
    }

    fn object(&self) -> &RunnerAbi_TO<RBox<()>> {
        self.object
            .as_ref()
            .expect("it is taken by the destructor alone")
    }

    /// Whether the runner takes a spec of this kind.
    fn takes(&self, kind: &str, format: u32, spec: &impl Serialize) -> bool {
        if !self.kinds.contains(kind) || !self.plugin.reads(format) {
            return false;
        }
        if self.plugin.is_retired() || self.plugin.is_draining() {
            return false;
        }
        if self.by_kind {
            return true;
        }
        let Ok(json) = serde_json::to_string(spec) else {
            return false;
        };
        let json = RStr::from_str(&json);
        let answer = self
            .plugin
            .answer(self.object().supports(FfiSpec { format, json }));
        answer.unwrap_or_else(|err| {
            let reason = runner_error(self.plugin.name(), err).to_string();
            error!(
                runner = self.name,
                "supports() failed, so the runner gets no such task: {}",
                one_line(&reason)
            );
            false
        })
    }

    /// What the plugin is told to build.
    fn request(
        &self,
        format: u32,
        spec: &impl Serialize,
        ctx: &BuildContext,
    ) -> Result<(FfiBuild, BuildChannels), RunnerError> {
        if !self.plugin.reads(format) {
            ctx.add_error_detail("error", "unknown_format");
            return Err(RunnerError::Internal(format!(
                "plugin '{}' {}",
                self.plugin.name(),
                self.plugin.reads_instead_of(format)
            )));
        }
        if self.plugin.is_retired() {
            ctx.add_error_detail("error", "retired");
            return Err(RunnerError::Internal(self.plugin.refusal()));
        }
        self.plugin.refresh_log();
        let spec = serde_json::to_string(spec)
            .map_err(|err| RunnerError::InvalidSpec(format!("the spec has no JSON form: {err}")))?;
        let env = serde_json::to_string(ctx.env()).map_err(|err| {
            RunnerError::Internal(format!("the environment has no JSON form: {err}"))
        })?;
        let metadata = if ctx.metadata().is_empty() {
            RString::from("{}")
        } else {
            Value::Object(ctx.metadata().clone()).to_string().into()
        };
        let run_id = ctx.run_id();
        let (output, channels) =
            output::export(Arc::clone(ctx.output_registry()), self.plugin.unannounced());
        let request = FfiBuild {
            format,
            run_seq: run_id.map_or(0, RunId::seq),
            spec: spec.into(),
            env: env.into(),
            run_id: run_id.map_or_else(RString::new, |id| id.name().into()),
            metadata,
            output,
            metrics: metrics::export(Arc::clone(ctx.metrics())),
        };
        Ok((request, channels))
    }

    fn build_now(
        &self,
        format: u32,
        spec: &impl Serialize,
        ctx: &BuildContext,
    ) -> Result<TaskRef, RunnerError> {
        let (request, channels) = self.request(format, spec, ctx)?;
        let answer = self.object().build_now(request);
        self.built(self.plugin.answer(answer), channels, ctx)
    }

    /// Begins a build at once; the future waits for its end.
    fn build<'a>(
        &'a self,
        format: u32,
        spec: &impl Serialize,
        ctx: &'a BuildContext,
    ) -> Building<'a> {
        let (building, channels) = match self.request(format, spec, ctx) {
            Ok((request, channels)) => (self.object().build(request), channels),
            Err(err) => return Box::pin(std::future::ready(Err(err))),
        };
        Box::pin(async move {
            // Dropped, it is cancelled, and its channels are gone.
            let channels = channels;
            let answer = building.outcome.await;
            self.built(self.plugin.answer(answer), channels, ctx)
        })
    }

    /// Builds the SDK's own task, which does what tasks do: for a probe.
    pub(crate) fn rehearse<'a>(&'a self, ctx: &'a BuildContext) -> Building<'a> {
        self.build(format::REHEARSAL, &Value::Null, ctx)
    }

    fn built(
        &self,
        answer: Result<FfiTask, FfiError>,
        channels: BuildChannels,
        ctx: &BuildContext,
    ) -> Result<TaskRef, RunnerError> {
        match answer {
            Ok(task) => {
                channels.keep();
                Ok(Arc::new(ForeignTask::new(self.plugin.clone(), task)))
            }
            Err(err) => {
                for (name, value) in details(&err) {
                    ctx.add_error_detail(name, value);
                }
                Err(runner_error(self.plugin.name(), err))
            }
        }
    }
}

impl Drop for ForeignRunner {
    fn drop(&mut self) {
        if let Some(object) = self.object.take() {
            self.plugin.part_with_runner(self.name, object);
        }
    }
}

impl Runner for ForeignRunner {
    fn name(&self) -> &'static str {
        self.name
    }

    fn supports(&self, spec: &TaskSpec) -> bool {
        !matches!(spec.kind(), TaskKind::Embedded)
            && self.takes(spec.kind().kind(), format::TASK_SPEC, spec)
    }

    fn build_task(&self, spec: &TaskSpec, ctx: &BuildContext) -> Result<TaskRef, RunnerError> {
        self.build_now(format::TASK_SPEC, spec, ctx)
    }

    fn build_run_id(&self, slot: &str) -> RunId {
        let answer = self.object().build_run_id(RStr::from_str(slot));
        match self.plugin.answer(answer) {
            Ok(id) => RunId::from_parts(id.name.into(), id.seq),
            Err(err) => {
                let reason = runner_error(self.plugin.name(), err).to_string();
                error!(
                    runner = self.name,
                    "build_run_id() failed, so the host makes the id: {}",
                    one_line(&reason)
                );
                make_run_id(self.name, slot)
            }
        }
    }

    fn kinds(&self) -> Kinds {
        self.kinds.clone()
    }

    fn build_async<'a>(
        &'a self,
        spec: &'a TaskSpec,
        ctx: &'a BuildContext,
    ) -> Option<Building<'a>> {
        Some(self.build(format::TASK_SPEC, spec, ctx))
    }

    fn supports_workload(&self, workload: &Workload) -> bool {
        let is_of_model = Kinds::OF_MODEL.contains(&workload.kind);
        // By its kind alone a runner takes tasks of the model, not workloads of the same name.
        !(self.by_kind && is_of_model) && self.takes(&workload.kind, format::WORKLOAD, workload)
    }

    fn build_workload(
        &self,
        workload: &Workload,
        ctx: &BuildContext,
    ) -> Result<TaskRef, RunnerError> {
        self.build_now(format::WORKLOAD, workload, ctx)
    }

    fn build_workload_async<'a>(
        &'a self,
        workload: &'a Workload,
        ctx: &'a BuildContext,
    ) -> Option<Building<'a>> {
        Some(self.build(format::WORKLOAD, workload, ctx))
    }

    fn unread(&self, format: u32) -> Option<String> {
        let instead = || {
            let (plugin, instead) = (self.plugin.name(), self.plugin.reads_instead_of(format));
            format!("plugin '{plugin}' takes it, but {instead}")
        };
        (!self.plugin.reads(format)).then(instead)
    }

    fn call<'a>(&'a self, method: &'a str, payload: Bytes) -> CallFuture<'a> {
        let plugin = self.plugin.clone();
        let take = move |answer| plugin.answer(answer);
        call::of(method, payload, take, |method, payload| {
            self.object().call(method, payload)
        })
    }
}
