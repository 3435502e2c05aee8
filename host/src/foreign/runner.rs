//! A plugin's runner as a [`Runner`].

use std::sync::Arc;

use abi_stable::std_types::{RBox, RStr};
use solti_model::TaskSpec;
use solti_plugin_abi::text::one_line;
use solti_plugin_abi::v1::runner::{FfiContext, FfiRunner, RunnerAbi_TO};
use solti_plugin_abi::{BuildContext, Kinds, RunId, Runner, RunnerError, make_run_id};
use taskvisor::TaskRef;
use tracing::error;

use super::error::runner_error;
use super::plugin::Plugin;
use super::task::ForeignTask;
use crate::services::{metrics, output};

/// A runner on the other side of the boundary.
pub(crate) struct ForeignRunner {
    plugin: Plugin,
    name: &'static str,
    kinds: Kinds,
    /// Whether the declared kinds alone decide.
    by_kind: bool,
    object: RunnerAbi_TO<RBox<()>>,
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
            object: runner.object,
        }
    }
}

impl Runner for ForeignRunner {
    fn name(&self) -> &'static str {
        self.name
    }

    fn supports(&self, spec: &TaskSpec) -> bool {
        let kind = Kinds::of(spec.kind());
        if kind.is_empty() || !self.kinds.contains(kind) {
            return false;
        }
        if self.plugin.is_retired() {
            return false;
        }
        if self.by_kind {
            return true;
        }
        let Ok(json) = serde_json::to_string(spec) else {
            return false;
        };
        let answer = self
            .plugin
            .answer(self.object.supports(RStr::from_str(&json)));
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

    fn build_task(&self, spec: &TaskSpec, ctx: &BuildContext) -> Result<TaskRef, RunnerError> {
        if self.plugin.is_retired() {
            return Err(RunnerError::Internal(self.plugin.refusal()));
        }
        self.plugin.refresh_log();
        let json = serde_json::to_string(spec)
            .map_err(|err| RunnerError::InvalidSpec(format!("the spec has no JSON form: {err}")))?;
        let env = serde_json::to_string(ctx.env()).map_err(|err| {
            RunnerError::Internal(format!("the environment has no JSON form: {err}"))
        })?;
        let context = FfiContext {
            env: RStr::from_str(&env),
            output: output::export(Arc::clone(ctx.output_registry())),
            metrics: metrics::export(Arc::clone(ctx.metrics())),
        };
        let answer = self.object.build_task(RStr::from_str(&json), context);
        match self.plugin.answer(answer) {
            Ok(task) => Ok(Arc::new(ForeignTask::new(self.plugin.clone(), task))),
            Err(err) => Err(runner_error(self.plugin.name(), err)),
        }
    }

    fn build_run_id(&self, slot: &str) -> RunId {
        let answer = self.object.build_run_id(RStr::from_str(slot));
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
        self.kinds
    }
}
