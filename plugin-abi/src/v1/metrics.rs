//! The host's metrics backend.

use abi_stable::std_types::{RBox, RStr};
use abi_stable::{StableAbi, sabi_trait};

/// Kinds of an author's own instruments.
pub mod instrument {
    /// The value is added to a counter.
    pub const COUNTER: u32 = 1;
    /// The value is what a gauge shows from now on.
    pub const GAUGE: u32 = 2;
    /// The value is one observation of a histogram.
    pub const HISTOGRAM: u32 = 3;
}

/// The value of a label. A host that does not know the code takes the text.
#[repr(C)]
#[derive(StableAbi, Debug, Clone, Copy)]
pub struct FfiLabel<'a> {
    /// The code of the contract's enum, 0 for one that is no variant of it.
    pub code: u32,
    /// The label, in snake case.
    pub text: RStr<'a>,
}

/// The host's metrics backend.
#[sabi_trait]
pub trait MetricsAbi: Send + Sync + 'static {
    /// See `MetricsBackend::record_task_started`.
    fn record_task_started(&self, runner_type: FfiLabel<'_>);

    /// See `MetricsBackend::record_task_completed`.
    fn record_task_completed(
        &self,
        runner_type: FfiLabel<'_>,
        outcome: FfiLabel<'_>,
        duration_ms: u64,
    );

    /// See `MetricsBackend::record_runner_error`.
    #[sabi(last_prefix_field)]
    fn record_runner_error(&self, runner_type: FfiLabel<'_>, error_kind: FfiLabel<'_>);
}

/// The backend, as a plugin holds it.
pub type FfiMetrics = MetricsAbi_TO<RBox<()>>;
