//! The host's metrics backend as a plugin sees it.

use abi_stable::erased_types::TD_Opaque;
use solti_plugin_abi::v1::metrics::{FfiLabel, FfiMetrics, MetricsAbi, MetricsAbi_TO};
use solti_plugin_abi::{MetricsHandle, RunnerErrorKind, RunnerType, TaskOutcome};

use super::contain::{Contained, contain};

/// Hands out `metrics`.
pub(crate) fn export(metrics: MetricsHandle) -> FfiMetrics {
    MetricsAbi_TO::from_value(
        ExportedMetrics(Contained::new("metrics", metrics)),
        TD_Opaque,
    )
}

struct ExportedMetrics(Contained<MetricsHandle>);

impl MetricsAbi for ExportedMetrics {
    fn record_task_started(&self, runner_type: FfiLabel<'_>) {
        contain("metrics", (), || {
            self.0
                .get()
                .record_task_started(runner_type_of(runner_type));
        });
    }

    fn record_task_completed(
        &self,
        runner_type: FfiLabel<'_>,
        outcome: FfiLabel<'_>,
        duration_ms: u64,
    ) {
        contain("metrics", (), || {
            let outcome = TaskOutcome::from_wire(outcome.code, outcome.text.as_str());
            self.0
                .get()
                .record_task_completed(runner_type_of(runner_type), outcome, duration_ms);
        });
    }

    fn record_runner_error(&self, runner_type: FfiLabel<'_>, error_kind: FfiLabel<'_>) {
        contain("metrics", (), || {
            let error_kind = RunnerErrorKind::from_wire(error_kind.code, error_kind.text.as_str());
            self.0
                .get()
                .record_runner_error(runner_type_of(runner_type), error_kind);
        });
    }
}

fn runner_type_of(label: FfiLabel<'_>) -> RunnerType {
    RunnerType::from_wire(label.code, label.text.as_str())
}
