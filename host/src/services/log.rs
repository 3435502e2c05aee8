//! What plugins log, and where it goes: by default into the host's `tracing` subscriber.

mod callsite;
mod record;
mod tracing_log;

pub use record::{PluginLog, PluginRecord};
pub use tracing_log::TracingLog;
