//! The host's services for a plugin as a whole.

use abi_stable::std_types::{RBox, RSlice, RStr, RString, RVec};
use abi_stable::{StableAbi, sabi_trait};

use super::call::FfiAnswer;
use super::log::FfiLogRecord;

/// What a plugin may ask of its host at any time, from any thread.
#[sabi_trait]
pub trait HostAbi: Send + Sync + 'static {
    /// The next number of the process-wide run-id sequence.
    fn next_run_seq(&self) -> u64;

    /// The most verbose level that the host's subscriber may take; see [`level`](crate::v1::log::level).
    fn max_log_level(&self) -> u32;

    /// Whether the host's subscriber takes events of `level` and `target` now.
    fn log_enabled(&self, level: u32, target: RStr<'_>) -> bool;

    /// Hands one event to the host's log. Never waits: one that finds the queue full is counted as
    /// lost.
    fn log(&self, record: FfiLogRecord<'_>);

    /// Measures with an instrument of the author's own; see [`instrument`](crate::v1::metrics::instrument)
    /// for the kinds. What is over the host's limits of names and label sets is counted as overflow.
    fn measure(&self, kind: u32, name: RStr<'_>, labels: RSlice<'_, FfiPair<'_>>, value: f64);

    /// Calls a method of the host.
    #[sabi(last_prefix_field)]
    fn call(&self, method: RString, payload: RVec<u8>) -> FfiAnswer;
}

/// A key and its value.
#[repr(C)]
#[derive(StableAbi, Debug, Clone, Copy)]
pub struct FfiPair<'a> {
    /// The key.
    pub key: RStr<'a>,
    /// The value.
    pub value: RStr<'a>,
}

/// The host, as a plugin holds it.
pub type FfiHost = HostAbi_TO<RBox<()>>;
