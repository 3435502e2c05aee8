//! What runners of plugins count, for the metrics of the published line.

use solti_plugin_host::{MetricsBackend, RunnerErrorKind, RunnerType, TaskOutcome};
use solti_runner_published as published;

/// Hands errors of runners on. Attempts are counted by who supervises them.
pub(crate) struct ToPublished(pub(crate) published::MetricsHandle);

impl MetricsBackend for ToPublished {
    fn record_task_started(&self, _: RunnerType) {}

    fn record_task_completed(&self, _: RunnerType, _: TaskOutcome, _: u64) {}

    fn record_runner_error(&self, runner: RunnerType, kind: RunnerErrorKind) {
        let runner = match runner {
            RunnerType::Subprocess => published::RunnerType::Subprocess,
            RunnerType::Container => published::RunnerType::Container,
            RunnerType::Wasm => published::RunnerType::Wasm,
            other => published::RunnerType::Custom(other.as_label().to_owned()),
        };
        let kind = match kind {
            RunnerErrorKind::CgroupPrepareFailed => published::RunnerErrorKind::CgroupPrepareFailed,
            RunnerErrorKind::BackendConfigFailed => published::RunnerErrorKind::BackendConfigFailed,
            RunnerErrorKind::SpawnFailed => published::RunnerErrorKind::SpawnFailed,
            RunnerErrorKind::ModuleLoadFailed => published::RunnerErrorKind::ModuleLoadFailed,
            other => published::RunnerErrorKind::Custom(other.as_label().to_owned()),
        };
        published::record_runner_error(&self.0, runner, kind);
    }
}
