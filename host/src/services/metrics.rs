//! The host's metrics backend as a plugin sees it.

use abi_stable::erased_types::TD_Opaque;
use solti_plugin_abi::v1::metrics::{FfiMetrics, MetricsAbi, MetricsAbi_TO};
use solti_plugin_abi::{MetricsHandle, RunnerErrorKind, RunnerType, TaskOutcome};
use tracing::warn;

use super::contain::contain;

/// Hands out `metrics`.
pub(crate) fn export(metrics: MetricsHandle) -> FfiMetrics {
    MetricsAbi_TO::from_value(ExportedMetrics(metrics), TD_Opaque)
}

struct ExportedMetrics(MetricsHandle);

impl MetricsAbi for ExportedMetrics {
    fn record_task_started(&self, runner_type: u32) {
        contain("metrics", (), || {
            if let Some(runner_type) = known(RunnerType::from_code(runner_type), runner_type) {
                self.0.record_task_started(runner_type);
            }
        });
    }

    fn record_task_completed(&self, runner_type: u32, outcome: u32, duration_ms: u64) {
        contain("metrics", (), || {
            let runner_type = known(RunnerType::from_code(runner_type), runner_type);
            let outcome = known(TaskOutcome::from_code(outcome), outcome);
            if let (Some(runner_type), Some(outcome)) = (runner_type, outcome) {
                self.0
                    .record_task_completed(runner_type, outcome, duration_ms);
            }
        });
    }

    fn record_runner_error(&self, runner_type: u32, error_kind: u32) {
        contain("metrics", (), || {
            let runner_type = known(RunnerType::from_code(runner_type), runner_type);
            let error_kind = known(RunnerErrorKind::from_code(error_kind), error_kind);
            if let (Some(runner_type), Some(error_kind)) = (runner_type, error_kind) {
                self.0.record_runner_error(runner_type, error_kind);
            }
        });
    }
}

/// Passes a label on; one of a newer plugin that this host does not know is reported and left out.
fn known<T>(label: Option<T>, code: u32) -> Option<T> {
    if label.is_none() {
        warn!(
            code,
            label = std::any::type_name::<T>(),
            "a plugin has recorded something under a label that this host does not know"
        );
    }
    label
}
