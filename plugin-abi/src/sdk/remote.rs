//! The host's output registry and metrics, as the contract's types.

use std::sync::Arc;

use abi_stable::std_types::{RSlice, RStr};
use solti_model::{StreamKind, TaskId};

use crate::metrics::{MetricsBackend, RunnerErrorKind, RunnerType, TaskOutcome};
use crate::output::{RemoteRegistry, RemoteSink};
use crate::v1::metrics::FfiMetrics;
use crate::v1::output::{FfiOutputRegistry, FfiOutputSink, stream};

pub(super) struct HostOutput(pub(super) FfiOutputRegistry);

impl RemoteRegistry for HostOutput {
    fn ensure_channel(&self, task: &TaskId) {
        self.0.ensure_channel(RStr::from(task.as_str()));
    }

    fn sink_for(&self, task: &TaskId, attempt: u32) -> Arc<dyn RemoteSink> {
        Arc::new(HostSink(
            self.0.sink_for(RStr::from(task.as_str()), attempt),
        ))
    }

    fn announce_run_started(&self, task: &TaskId, attempt: u32) {
        self.0
            .announce_run_started(RStr::from(task.as_str()), attempt);
    }

    fn announce_run_finished(&self, task: &TaskId, attempt: u32, exit_code: Option<i32>) {
        self.0
            .announce_run_finished(RStr::from(task.as_str()), attempt, exit_code.into());
    }

    fn evict(&self, task: &TaskId) {
        self.0.evict(RStr::from(task.as_str()));
    }

    fn active_channels(&self) -> usize {
        usize::try_from(self.0.active_channels()).unwrap_or(usize::MAX)
    }
}

struct HostSink(FfiOutputSink);

impl RemoteSink for HostSink {
    fn push(&self, stream: StreamKind, line: &[u8]) {
        self.0.push(stream::code(stream), RSlice::from_slice(line));
    }

    fn push_lines(&self, stream: StreamKind, text: &[u8], spans: &[[u32; 2]]) {
        self.0.push_lines(
            stream::code(stream),
            RSlice::from_slice(text),
            RSlice::from_slice(spans),
        );
    }
}

pub(super) struct HostMetrics(pub(super) FfiMetrics);

impl MetricsBackend for HostMetrics {
    fn record_task_started(&self, runner_type: RunnerType) {
        self.0.record_task_started(runner_type.code());
    }

    fn record_task_completed(
        &self,
        runner_type: RunnerType,
        outcome: TaskOutcome,
        duration_ms: u64,
    ) {
        self.0
            .record_task_completed(runner_type.code(), outcome.code(), duration_ms);
    }

    fn record_runner_error(&self, runner_type: RunnerType, error_kind: RunnerErrorKind) {
        self.0
            .record_runner_error(runner_type.code(), error_kind.code());
    }
}
