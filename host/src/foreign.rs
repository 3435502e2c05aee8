//! A plugin's objects as the contract's types.

mod call;
mod error;
mod panics;
mod parting;
mod plugin;
mod runner;
mod tally;
mod task;

pub(crate) use panics::Panics;
pub(crate) use parting::let_go;
pub use plugin::{Plugin, ShutdownOutcome};
pub(crate) use runner::ForeignRunner;
pub use tally::{AttemptCounts, LastError};
