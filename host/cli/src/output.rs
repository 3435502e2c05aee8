//! The way of a line from its channel to standard output.
//!
//! ```text
//! channel of a task ─► drain ─► batches ─► writer (one thread) ─► standard output
//! ```
//!
//! A channel keeps what its reader has not taken yet, up to its capacity; what does not fit is
//! skipped, and counted. So each channel is drained by a task of its own that does nothing else.

mod drain;
mod format;
mod prefix;
mod source;
mod writer;

pub(crate) use drain::{capacity_for, drain};
pub(crate) use format::Format;
pub(crate) use prefix::SlotColumn;
pub(crate) use source::Source;
pub(crate) use writer::{Message, Writer};
