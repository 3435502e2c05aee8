//! The host's services for a plugin as a whole.

use abi_stable::sabi_trait;
use abi_stable::std_types::{RBox, RStr};

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

    /// Hands one event to the host's subscriber.
    #[sabi(last_prefix_field)]
    fn log(&self, record: FfiLogRecord<'_>);
}

/// The host, as a plugin holds it.
pub type FfiHost = HostAbi_TO<RBox<()>>;
