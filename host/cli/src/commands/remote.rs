//! The commands that talk to a running service.

mod cancel;
mod follow;
mod logs;
mod plugins;
#[cfg(feature = "queue")]
pub(super) mod queue;
mod retry;
mod service;
mod submit;
mod task;
mod tasks;
mod top;
mod view;

pub(super) use cancel::cancel;
pub(super) use logs::logs;
pub(super) use plugins::plugins;
#[cfg(feature = "queue")]
pub(super) use queue::{address as queue_address, with_queue};
pub(super) use retry::retry;
#[cfg(feature = "queue")]
pub(super) use service::until_signal;
pub(super) use submit::submit;
pub(super) use task::task;
pub(super) use tasks::tasks;
pub(super) use top::top;
