//! Compiling and running a module within its limits.
//!
//! Everything that is particular to an engine stands in a file below; the rest of the plugin sees
//! `Engine`, `Module` and how a run ended.

mod wasmi;

use thiserror::Error;

pub(crate) use self::wasmi::{Engine, Module};
use crate::module::Fault;

/// Why a guest did not come to its end.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// It was asked to stop.
    #[error("module was stopped")]
    Stopped,
    /// The module cannot be run at all.
    #[error("module {0}")]
    Module(#[from] Fault),
    #[error("module trapped: {0}")]
    Trap(String),
    #[error("module used up its fuel limit of {0} (max_fuel)")]
    OutOfFuel(u64),
}
