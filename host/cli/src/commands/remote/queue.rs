//! The same commands for the queue that hosts share.

mod begin;
mod cancel;
mod connect;
mod logs;
mod submit;
mod tasks;
mod view;

pub(in crate::commands) use cancel::cancel;
pub(in crate::commands) use connect::{address, with_queue};
pub(in crate::commands) use logs::logs;
pub(in crate::commands) use submit::submit;
pub(in crate::commands) use tasks::{task, tasks};
