//! A task, an attempt at it, and the attempt's cancellation.

use abi_stable::std_types::{RBox, RResult, RString};
use abi_stable::{StableAbi, sabi_trait};
use async_ffi::FfiFuture;

use super::error::FfiError;

/// A task: something that can be attempted again and again.
#[sabi_trait]
pub trait TaskAbi: Send + Sync + 'static {
    /// Begins an attempt.
    #[sabi(last_prefix_field)]
    fn spawn(&self) -> FfiAttempt;
}

/// The cancellation of one attempt.
#[sabi_trait]
pub trait CancelAbi: Send + Sync + 'static {
    /// Cancels the token that the attempt was given. May be called more than once.
    #[sabi(last_prefix_field)]
    fn cancel(&self);
}

/// A task with its name.
#[repr(C)]
#[derive(StableAbi)]
pub struct FfiTask {
    /// What `Task::name` answers.
    pub name: RString,
    /// The task.
    pub object: TaskAbi_TO<RBox<()>>,
}

/// An attempt under way on the plugin's runtime.
#[repr(C)]
#[derive(StableAbi)]
pub struct FfiAttempt {
    /// Ends with the attempt. Dropping it stops the attempt.
    pub outcome: FfiFuture<RResult<(), FfiError>>,
    /// Cancels the attempt.
    pub cancel: CancelAbi_TO<RBox<()>>,
}
