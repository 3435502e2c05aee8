//! What plugins log, and where it goes: by default into the host's `tracing` subscriber.

mod callsite;
mod owned;
mod queue;
mod record;
mod tracing_log;

pub(crate) use queue::Records;
pub use record::{PluginLog, PluginRecord, PluginSpan};
pub use tracing_log::TracingLog;
