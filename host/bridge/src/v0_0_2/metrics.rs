//! What runners count, both ways.

use solti_plugin_host::{MetricsBackend, MetricsHandle, RunnerErrorKind, RunnerType, TaskOutcome};
use solti_runner_0_0_2 as published;

/// What runners of ours count, for metrics of 0.0.2. What these have no name for is left out.
pub(super) struct ToPublished(pub(super) published::MetricsHandle);

impl MetricsBackend for ToPublished {
    fn record_task_started(&self, runner: RunnerType) {
        if let Some(runner) = type_to(runner) {
            self.0.record_task_started(runner);
        }
    }

    fn record_task_completed(&self, runner: RunnerType, outcome: TaskOutcome, millis: u64) {
        let outcome = match outcome {
            TaskOutcome::Success => published::TaskOutcome::Success,
            TaskOutcome::Failure => published::TaskOutcome::Failure,
            TaskOutcome::Canceled => published::TaskOutcome::Canceled,
            TaskOutcome::Timeout => published::TaskOutcome::Timeout,
            _ => return,
        };
        if let Some(runner) = type_to(runner) {
            self.0.record_task_completed(runner, outcome, millis);
        }
    }

    fn record_runner_error(&self, runner: RunnerType, kind: RunnerErrorKind) {
        let kind = match kind {
            RunnerErrorKind::CgroupPrepareFailed => published::RunnerErrorKind::CgroupPrepareFailed,
            RunnerErrorKind::BackendConfigFailed => published::RunnerErrorKind::BackendConfigFailed,
            RunnerErrorKind::SpawnFailed => published::RunnerErrorKind::SpawnFailed,
            RunnerErrorKind::ModuleLoadFailed => published::RunnerErrorKind::ModuleLoadFailed,
            _ => return,
        };
        if let Some(runner) = type_to(runner) {
            self.0.record_runner_error(runner, kind);
        }
    }
}

fn type_to(runner: RunnerType) -> Option<published::RunnerType> {
    Some(match runner {
        RunnerType::Subprocess => published::RunnerType::Subprocess,
        RunnerType::Container => published::RunnerType::Container,
        RunnerType::Wasm => published::RunnerType::Wasm,
        _ => return None,
    })
}

/// What runners of 0.0.2 count, for metrics of ours.
pub(super) struct FromPublished(pub(super) MetricsHandle);

impl published::MetricsBackend for FromPublished {
    fn record_task_started(&self, runner: published::RunnerType) {
        if let Some(runner) = type_from(runner) {
            self.0.record_task_started(runner);
        }
    }

    fn record_task_completed(
        &self,
        runner: published::RunnerType,
        outcome: published::TaskOutcome,
        millis: u64,
    ) {
        let outcome = match outcome {
            published::TaskOutcome::Success => TaskOutcome::Success,
            published::TaskOutcome::Failure => TaskOutcome::Failure,
            published::TaskOutcome::Canceled => TaskOutcome::Canceled,
            published::TaskOutcome::Timeout => TaskOutcome::Timeout,
            _ => return,
        };
        if let Some(runner) = type_from(runner) {
            self.0.record_task_completed(runner, outcome, millis);
        }
    }

    fn record_runner_error(&self, runner: published::RunnerType, kind: published::RunnerErrorKind) {
        let kind = match kind {
            published::RunnerErrorKind::CgroupPrepareFailed => RunnerErrorKind::CgroupPrepareFailed,
            published::RunnerErrorKind::BackendConfigFailed => RunnerErrorKind::BackendConfigFailed,
            published::RunnerErrorKind::SpawnFailed => RunnerErrorKind::SpawnFailed,
            published::RunnerErrorKind::ModuleLoadFailed => RunnerErrorKind::ModuleLoadFailed,
            _ => return,
        };
        if let Some(runner) = type_from(runner) {
            self.0.record_runner_error(runner, kind);
        }
    }
}

fn type_from(runner: published::RunnerType) -> Option<RunnerType> {
    Some(match runner {
        published::RunnerType::Subprocess => RunnerType::Subprocess,
        published::RunnerType::Container => RunnerType::Container,
        published::RunnerType::Wasm => RunnerType::Wasm,
        _ => return None,
    })
}
