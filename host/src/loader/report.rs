//! What became of each file of a directory, for people, for scripts and for metrics.
//!
//! ```text
//! directory (Report) ◄─ load, check      text, json, metrics print it
//!   └ rejected, runner, shadowed, unused, warning
//! ```

mod all_warnings;
mod check;
mod directory;
mod json;
mod load;
mod metrics;
mod no_runner;
mod rejected;
mod runner;
mod shadowed;
mod text;
mod unused;
mod warning;

/// Under which target `tracing` is told what a report has too, so that a program that prints the report can
/// leave it out of its log.
pub const LOG_TARGET: &str = "solti_plugin_host::report";

pub use check::{CheckReport, PassedPlugin};
pub use directory::{Accepted, Report};
pub use load::{LoadReport, LoadedPlugin};
pub use rejected::Rejected;
pub use runner::OfferedRunner;
pub use shadowed::Shadowed;
pub(crate) use unused::Called;
pub(super) use unused::Names;
pub use unused::UnusedOption;
pub use warning::Warning;
