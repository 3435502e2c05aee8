//! A connected plugin as a whole.

use abi_stable::std_types::{RBox, RStr, RString, RVec};
use abi_stable::{StableAbi, sabi_trait};
use async_ffi::FfiFuture;

use super::call::FfiAnswer;
use super::runner::FfiRunner;

/// What a host may ask of a plugin as a whole.
#[sabi_trait]
pub trait PluginAbi: Send + Sync + 'static {
    /// Asks the host anew which events it takes; called when the host's filter has changed.
    fn refresh_log(&self);

    /// The number of attempts that have begun and not ended.
    fn active_tasks(&self) -> u64;

    /// Tells the plugin that it is to be replaced: it takes no more builds, begins no attempt of
    /// what it has built but has not begun, and lets go of what it owns exclusively. Returns at once.
    fn drain(&self);

    /// Takes a drain back: the plugin builds and begins attempts again, with a runtime of its own again
    /// where it was shut down meanwhile. `false` where its runners are gone. Returns at once. No
    /// shutdown may be under way.
    fn resume(&self) -> bool;

    /// Ends when no build and no attempt is under way. Dropping it changes nothing.
    fn idle(&self) -> FfiFuture<()>;

    /// Calls a method of the plugin.
    fn call(&self, method: RString, payload: RVec<u8>) -> FfiAnswer;

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
    /// What it can do beyond version 1, by name; unknown ones are ignored.
    pub features: RVec<RString>,
    /// Its runners, in the order of the stamp.
    pub runners: RVec<FfiRunner>,
    /// The plugin as a whole.
    pub control: PluginAbi_TO<RBox<()>>,
    /// What else it says of itself, a JSON object; empty when it says nothing.
    pub details: RString,
}
