//! Takes tasks of a queue that several hosts share.
//!
//! The queue keeps tasks, results and output, so this service keeps nothing of them: a task is run by the
//! library's own supervision, through the plugins that are in service, and what it writes goes out of its tap
//! into the queue. It writes no faster than the queue takes it.

mod attempt;
mod counts;
mod member;
mod meters;
mod metrics;
mod parse;
mod runners;
mod running;
mod seen;
mod send;
mod shared;
mod work;
mod worker;

pub(crate) use member::Member;
pub(crate) use meters::Meters;
pub use parse::{NoQueueTask, QueueTask, queue_task};
