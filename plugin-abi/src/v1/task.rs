//! A task, an attempt at it, and the attempt's control.

use abi_stable::std_types::{RBox, ROption, RResult, RString, RVec};
use abi_stable::{StableAbi, sabi_trait};
use async_ffi::FfiFuture;

use super::call::FfiAnswer;
use super::error::FfiError;
use super::output::FfiOutputSink;

/// A task: something that can be attempted again and again.
#[sabi_trait]
pub trait TaskAbi: Send + Sync + 'static {
    /// Begins an attempt.
    fn spawn(&self, spawn: FfiSpawn) -> FfiAttempt;

    /// Calls a method of the task.
    #[sabi(last_prefix_field)]
    fn call(&self, method: RString, payload: RVec<u8>) -> FfiAnswer;
}

/// What can be ended early.
#[sabi_trait]
pub trait CancelAbi: Send + Sync + 'static {
    /// Cancels the token that the work was given. May be called more than once.
    #[sabi(last_prefix_field)]
    fn cancel(&self);
}

/// An attempt under way, as its host holds it.
#[sabi_trait]
pub trait AttemptAbi: Send + Sync + 'static {
    /// Cancels the token that the attempt was given. May be called more than once.
    fn cancel(&self);

    /// Calls a method of the attempt.
    #[sabi(last_prefix_field)]
    fn call(&self, method: RString, payload: RVec<u8>) -> FfiAnswer;
}

/// A task with its name.
#[repr(C)]
#[derive(StableAbi)]
pub struct FfiTask {
    /// What `Task::name` answers.
    pub name: RString,
    /// The task.
    pub object: TaskAbi_TO<RBox<()>>,
    /// What else the plugin says of it, a JSON object; empty when it says nothing.
    pub details: RString,
}

/// What the host knows of an attempt that begins.
#[repr(C)]
#[derive(StableAbi)]
pub struct FfiSpawn {
    /// The number of the attempt, from 1; 0 where the host does not count.
    pub attempt: u32,
    /// A descriptor that is the attempt's standard input, -1 for none. The plugin closes it.
    pub stdin: i32,
    /// Nanoseconds from now until the attempt's time is over; `u64::MAX` for no limit.
    pub time_left_nanos: u64,
    /// Where the attempt's output goes; none where the host leaves it to the registry.
    pub sink: ROption<FfiOutputSink>,
    /// What else the host knows of the attempt, a JSON object: `traceparent`, `delivery`; `{}` when it
    /// knows nothing.
    pub context: RString,
}

/// An attempt under way on the plugin's runtime.
#[repr(C)]
#[derive(StableAbi)]
pub struct FfiAttempt {
    /// Ends with the attempt. Dropping it stops the attempt.
    pub end: FfiFuture<FfiEnd>,
    /// The way to the attempt while it runs.
    pub control: AttemptAbi_TO<RBox<()>>,
}

/// How an attempt ended.
#[repr(C)]
#[derive(StableAbi, Debug)]
pub struct FfiEnd {
    /// What the contract says of it.
    pub result: RResult<(), FfiError>,
    /// The exit code of a process, where there is one, on success as well.
    pub exit_code: ROption<i32>,
    /// The number of the signal that ended a process.
    pub signal: ROption<i32>,
    /// What else the runner says of it, a JSON object; empty when it says nothing.
    pub details: RString,
}
