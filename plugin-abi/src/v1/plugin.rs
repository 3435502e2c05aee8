//! A connected plugin as a whole.

use abi_stable::std_types::{RBox, RStr, RVec};
use abi_stable::{StableAbi, sabi_trait};

use super::runner::FfiRunner;

/// What a host may ask of a plugin as a whole.
#[sabi_trait]
pub trait PluginAbi: Send + Sync + 'static {
    /// Asks the host anew which events it takes; called when the host's filter has changed.
    fn refresh_log(&self);

    /// The number of attempts that have begun and not ended.
    fn active_tasks(&self) -> u64;

    /// Cancels every attempt, waits at most `grace_ms` milliseconds for them to end, stops the
    /// runtime, and returns how many had not ended. Blocks the calling thread.
    #[sabi(last_prefix_field)]
    fn shutdown(&self, grace_ms: u64) -> u64;
}

/// A connected plugin.
#[repr(C)]
#[derive(StableAbi)]
pub struct FfiPlugin {
    /// The name in its stamp.
    pub name: RStr<'static>,
    /// The version in its stamp.
    pub version: RStr<'static>,
    /// Its runners, in the order of the stamp.
    pub runners: RVec<FfiRunner>,
    /// The plugin as a whole.
    pub control: PluginAbi_TO<RBox<()>>,
}
