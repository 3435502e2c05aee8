//! The host's metrics backend. Labels cross as the codes of their enums.

use abi_stable::sabi_trait;
use abi_stable::std_types::RBox;

/// The host's metrics backend.
#[sabi_trait]
pub trait MetricsAbi: Send + Sync + 'static {
    /// See `MetricsBackend::record_task_started`.
    fn record_task_started(&self, runner_type: u32);

    /// See `MetricsBackend::record_task_completed`.
    fn record_task_completed(&self, runner_type: u32, outcome: u32, duration_ms: u64);

    /// See `MetricsBackend::record_runner_error`.
    #[sabi(last_prefix_field)]
    fn record_runner_error(&self, runner_type: u32, error_kind: u32);
}

/// The backend, as a plugin holds it.
pub type FfiMetrics = MetricsAbi_TO<RBox<()>>;
