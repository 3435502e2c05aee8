//! A runner, and what it builds from.

use abi_stable::std_types::{RBox, RResult, RStr, RString, RVec};
use abi_stable::{StableAbi, sabi_trait};
use async_ffi::FfiFuture;

use super::call::FfiAnswer;
use super::error::FfiError;
use super::metrics::FfiMetrics;
use super::output::FfiOutputRegistry;
use super::task::{CancelAbi_TO, FfiTask};

/// The forms in which a spec crosses, as numbers of the stamp's key `spec`.
pub mod format {
    /// `TaskSpec` of solti-model 0.0.2 in its wire form.
    pub const TASK_SPEC: u32 = 1;
    /// [`Workload`](crate::Workload): a kind as text and a spec as JSON, beside the common fields.
    pub const WORKLOAD: u32 = 2;
    /// No spec: a task of the SDK's own, which does what tasks do and ends when it is cancelled. A probe
    /// asks for it, to find a plugin that cannot run one; outside of a probe it is unknown.
    pub const REHEARSAL: u32 = u32::MAX;
    /// All that this version reads, in the order of preference.
    pub const ALL: [u32; 2] = [TASK_SPEC, WORKLOAD];
}

/// A runner.
#[sabi_trait]
pub trait RunnerAbi: Send + Sync + 'static {
    /// Whether the runner takes `spec`.
    fn supports(&self, spec: FfiSpec<'_>) -> RResult<bool, FfiError>;

    /// Builds a task on the calling thread.
    fn build_now(&self, request: FfiBuild) -> RResult<FfiTask, FfiError>;

    /// Begins to build a task; returns at once.
    fn build(&self, request: FfiBuild) -> FfiBuilding;

    /// The id of a new run in `slot`.
    fn build_run_id(&self, slot: RStr<'_>) -> RResult<FfiRunId, FfiError>;

    /// Calls a method of the runner.
    #[sabi(last_prefix_field)]
    fn call(&self, method: RString, payload: RVec<u8>) -> FfiAnswer;
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

/// A spec, borrowed for the call.
#[repr(C)]
#[derive(StableAbi, Debug, Clone, Copy)]
pub struct FfiSpec<'a> {
    /// One of [`mod@format`].
    pub format: u32,
    /// The spec in that form.
    pub json: RStr<'a>,
}

/// What a task is built from; all of it is the plugin's.
#[repr(C)]
#[derive(StableAbi)]
pub struct FfiBuild {
    /// One of [`mod@format`].
    pub format: u32,
    /// The number in the run id, 0 where there is no run id.
    pub run_seq: u64,
    /// The spec in that form.
    pub spec: RString,
    /// The environment as JSON, in solti-model's wire form.
    pub env: RString,
    /// The id of the run, where the host has made one; empty otherwise.
    pub run_id: RString,
    /// What the host knows of the task besides, a JSON object: `labels`, `annotations`, `name`, `uid`,
    /// `generation`, `traceparent`; `{}` when it knows nothing.
    pub metadata: RString,
    /// The host's output registry.
    pub output: FfiOutputRegistry,
    /// The host's metrics backend.
    pub metrics: FfiMetrics,
}

/// A build under way.
#[repr(C)]
#[derive(StableAbi)]
pub struct FfiBuilding {
    /// Ends with the task. Dropping it stops the build.
    pub outcome: FfiFuture<RResult<FfiTask, FfiError>>,
    /// Asks the build to end early, with [`BUILD_CANCELED`](super::error::BUILD_CANCELED).
    pub cancel: CancelAbi_TO<RBox<()>>,
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
