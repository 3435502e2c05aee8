//! What every engine does: compile modules, and run them to their end.

use std::sync::Arc;

use thiserror::Error;
use wasi_common::WasiCtx;

use crate::module::Fault;
use crate::stop::Stop;

/// Compiles modules.
pub(crate) trait Engine: Send + Sync {
    /// Compiles a module and checks that it is a program that this engine can run.
    fn compile(&self, bytes: &[u8]) -> Result<Arc<dyn Program>, Fault>;

    /// Has every guest look soon whether it was asked to stop, where it does not by itself.
    fn interrupt(&self) {}
}

/// A compiled module.
pub(crate) trait Program: Send + Sync {
    /// Runs it to its end on the calling thread and returns its exit code.
    fn run(&self, world: WasiCtx, stop: &Arc<Stop>) -> Result<i32, Failure>;
}

/// Why a guest did not come to its end.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// It was asked to stop.
    #[error("module was stopped")]
    Stopped,
    /// The module cannot be run at all.
    #[error("module {0}")]
    Module(Fault),
    #[error("module trapped: {0}")]
    Trap(String),
    #[error("module used up its fuel limit of {0} (max_fuel)")]
    OutOfFuel(u64),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Module(fault)
    }
}
