//! A plugin's objects as the contract's types.

mod error;
mod plugin;
mod runner;
mod task;

pub use plugin::{Plugin, ShutdownOutcome};
pub(crate) use runner::ForeignRunner;
