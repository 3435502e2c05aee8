//! A runner of ours as one of 0.0.2.

use std::sync::Arc;

use bytes::Bytes;
use solti_plugin_host::output::{OutputBackend, SinkBackend};
use solti_plugin_host::solti_model::{StreamKind, TaskId, TaskSpec};
use solti_plugin_host::taskvisor::TaskRef;
use solti_plugin_host::{BuildContext, OutputRegistry, Runner, RunnerError};
use solti_runner_0_0_2 as published;

use super::metrics;
use crate::sink::{LineSink, TakesLines};

/// A runner of ours, such as one of a plugin, as one of `solti-runner` 0.0.2.
pub struct ToPublished(Arc<dyn Runner>);

impl ToPublished {
    /// This runner, for a router of 0.0.2.
    #[must_use]
    pub fn new(runner: Arc<dyn Runner>) -> Self {
        Self(runner)
    }
}

impl published::Runner for ToPublished {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn supports(&self, spec: &TaskSpec) -> bool {
        // A router of that line asks every runner about every kind.
        self.0.kinds().contains(spec.kind().kind()) && self.0.supports(spec)
    }

    fn build_task(
        &self,
        spec: &TaskSpec,
        ctx: &published::BuildContext,
    ) -> Result<TaskRef, published::RunnerError> {
        let registry = Registry(Arc::clone(ctx.output_registry()));
        let metrics = Arc::new(metrics::ToPublished(Arc::clone(ctx.metrics())));
        let context = BuildContext::new(ctx.env().clone(), metrics)
            .with_output_registry(Arc::new(OutputRegistry::with_backend(registry)));
        self.0.build_task(spec, &context).map_err(|err| match err {
            RunnerError::NoRunner(kind) => published::RunnerError::NoRunner(kind),
            RunnerError::UnsupportedKind { runner, kind } => {
                published::RunnerError::UnsupportedKind { runner, kind }
            }
            RunnerError::InvalidSpec(reason) => published::RunnerError::InvalidSpec(reason),
            RunnerError::MissingField(field) => published::RunnerError::MissingField(field),
            RunnerError::Io(reason) => published::RunnerError::Io(reason),
            RunnerError::Internal(reason) => published::RunnerError::Internal(reason),
        })
    }
}

impl std::fmt::Debug for ToPublished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ToPublished").field(&self.0.name()).finish()
    }
}

/// The channels of 0.0.2 in the place of ours.
struct Registry(Arc<published::OutputRegistry>);

impl OutputBackend for Registry {
    fn ensure_channel(&self, task: &TaskId) {
        self.0.ensure_channel(task.clone());
    }

    fn sink_for(&self, task: &TaskId, attempt: u32) -> Arc<dyn SinkBackend> {
        Arc::new(LineSink::new(Sink(self.0.sink_for(task.clone(), attempt))))
    }

    fn announce_run_started(&self, task: &TaskId, attempt: u32) {
        self.0.announce_run_started(task, attempt);
    }

    fn announce_run_finished(&self, task: &TaskId, attempt: u32, exit_code: Option<i32>) {
        self.0.announce_run_finished(task, attempt, exit_code);
    }

    fn evict(&self, task: &TaskId) {
        self.0.evict(task);
    }

    fn active_channels(&self) -> usize {
        self.0.active_channels()
    }
}

/// A sink of 0.0.2, which has no word for a line that was cut.
struct Sink(published::OutputSink);

impl TakesLines for Sink {
    fn line(&self, stream: StreamKind, _: bool, line: &[u8]) {
        let line = Bytes::copy_from_slice(line);
        match stream {
            StreamKind::Stdout => self.0.stdout_line(line),
            StreamKind::Stderr => self.0.stderr_line(line),
        }
    }

    fn is_enabled(&self) -> bool {
        true
    }
}
