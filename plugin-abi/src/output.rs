//! Where a task's output goes: a channel per task, a sink per attempt.
//!
//! ```text
//!   reader ──► LineWriter ──► OutputSink ──► channel of the task ──► subscribers
//!              finds the       numbers,     │  tokio broadcast,
//!              line ends       stamps       │  slow ones skip
//!                                           └► taps
//!                                              blocks, nothing is lost: who writes waits
//! ```
//!
//! In a host the registry owns the channels. In a plugin the same types are handles: every call
//! crosses to the host's registry, and a block of lines crosses in one call.

mod assemble;
mod backend;
mod channel;
mod lines;
mod registry;
mod sink;
mod tap;
mod text;

pub use assemble::DEFAULT_MAX_LINE_BYTES;
pub use backend::{Block, OutputBackend, Pressure, Ready, SinkBackend};
pub use lines::LineWriter;
pub use registry::OutputRegistry;
pub use sink::OutputSink;
pub use tap::{Tap, TapBlock, TapEvent, TapOptions, WhenFull};

#[cfg(test)]
mod tests;
