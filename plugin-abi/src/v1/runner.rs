//! A runner.

use abi_stable::std_types::{RBox, RResult, RStr, RString};
use abi_stable::{StableAbi, sabi_trait};

use super::error::FfiError;
use super::metrics::FfiMetrics;
use super::output::FfiOutputRegistry;
use super::task::FfiTask;

/// A runner. Specs cross as JSON in solti-model's wire form.
#[sabi_trait]
pub trait RunnerAbi: Send + Sync + 'static {
    /// Whether the runner takes `spec`.
    fn supports(&self, spec: RStr<'_>) -> RResult<bool, FfiError>;

    /// Builds the task of `spec`.
    fn build_task(&self, spec: RStr<'_>, context: FfiContext<'_>) -> RResult<FfiTask, FfiError>;

    /// The id of a new run in `slot`.
    #[sabi(last_prefix_field)]
    fn build_run_id(&self, slot: RStr<'_>) -> RResult<FfiRunId, FfiError>;
}

/// A runner with its name.
#[repr(C)]
#[derive(StableAbi)]
pub struct FfiRunner {
    /// What `Runner::name` answers.
    pub name: RStr<'static>,
    /// The runner.
    pub object: RunnerAbi_TO<RBox<()>>,
}

/// The build context.
#[repr(C)]
#[derive(StableAbi)]
pub struct FfiContext<'a> {
    /// The environment as JSON, in solti-model's wire form.
    pub env: RStr<'a>,
    /// The host's output registry.
    pub output: FfiOutputRegistry,
    /// The host's metrics backend.
    pub metrics: FfiMetrics,
}

/// A run id.
#[repr(C)]
#[derive(StableAbi, Debug, Clone)]
pub struct FfiRunId {
    /// The whole id.
    pub name: RString,
    /// The number in it.
    pub seq: u64,
}
