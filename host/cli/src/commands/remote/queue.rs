//! The same commands for the queue that hosts share.

mod cancel;
mod connect;
mod logs;
mod submit;
mod tasks;
mod view;

pub(super) use cancel::cancel;
pub(in crate::commands) use connect::{address, with_queue};
pub(super) use logs::logs;
pub(super) use submit::submit;
pub(super) use tasks::{task, tasks};
