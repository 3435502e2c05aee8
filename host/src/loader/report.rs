//! What became of each file of a directory, for people, for scripts and for metrics.
//!
//! ```text
//! directory (Report) ◄─ load, check      text, json, metrics print it
//!   └ rejected, runner
//! ```

mod check;
mod directory;
mod json;
mod load;
mod metrics;
mod rejected;
mod runner;
mod text;

pub use check::{CheckReport, PassedPlugin};
pub use directory::Report;
pub use load::{LoadReport, LoadedPlugin};
pub use rejected::Rejected;
pub use runner::OfferedRunner;
