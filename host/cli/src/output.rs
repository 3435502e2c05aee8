//! The way of a task's output to standard output.
//!
//! ```text
//! tap of a task ─► drain ─► writer (one thread) ─► standard output, standard error
//! ```
//!
//! Nothing is lost on it: a tap that is full has the task wait, the writer waits for whoever reads, and
//! between them there are a few blocks.

mod drain;
mod format;
mod lines;
mod prefix;
mod room;
mod source;
mod writer;

pub(crate) use drain::{drain, tap_options};
pub(crate) use format::Format;
pub(crate) use prefix::SlotColumn;
pub(crate) use source::{LineCounts, Source};
pub(crate) use writer::{Message, Writer};
