//! The way of a line from its channel to the terminal.
//!
//! ```text
//! channel of a task ─► stream ─► batches ─► writer (one thread) ─► standard output
//! ```
//!
//! A channel keeps what its reader has not taken yet, up to its capacity; what does not fit is
//! skipped, and counted. So each channel is drained by a task of its own that does nothing else.

mod format;
mod source;
mod stream;
mod writer;

pub(crate) use format::Format;
pub(crate) use source::{Source, Sources};
pub(crate) use stream::{Message, capacity_for, drain};
pub(crate) use writer::{Output, Writer};
