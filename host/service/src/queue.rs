//! Takes tasks of a queue that several hosts share.
//!
//! Each is a task of this service like any other, which its own API shows: supervised, logged and ended by the
//! same code. What it writes goes on from its log into the queue; it writes no faster than the queue takes it.

mod attempt;
mod counts;
mod follow;
mod member;
mod metrics;
mod parse;
mod runners;
mod running;
mod seen;
mod shared;
mod worker;

pub(crate) use member::Member;
pub use parse::{NoQueueTask, QueueTask, queue_task};
