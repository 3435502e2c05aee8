//! Compiling and running modules within their limits.
//!
//! What is particular to an engine stands in a file of its own; the rest of the plugin sees two
//! traits and how a run ended.

mod limits;
mod wasmi;
#[cfg(feature = "wasmtime")]
mod wasmtime;

use std::sync::Arc;

use thiserror::Error;
use wasi_common::WasiCtx;

use crate::config::{self, Config};
use crate::module::Fault;
use crate::stop::Stop;

/// The module name of the functions that guests are provided with.
const WASI: &str = "wasi_snapshot_preview1";

/// Compiles modules.
pub(crate) trait Engine: Send + Sync {
    /// Compiles a module and checks that it is a program this engine can run.
    fn compile(&self, bytes: &[u8]) -> Result<Arc<dyn Program>, Fault>;

    /// Makes every guest look soon whether it was asked to stop, where it does not by itself.
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
    Module(#[from] Fault),
    #[error("module trapped: {0}")]
    Trap(String),
    #[error("module used up its fuel limit of {0} (max_fuel)")]
    OutOfFuel(u64),
}

/// Makes the engine that the configuration names.
pub(crate) fn engine(config: &Config) -> Result<Box<dyn Engine>, String> {
    match config.engine {
        config::Engine::Wasmi => Ok(Box::new(wasmi::Wasmi::new(config))),
        #[cfg(feature = "wasmtime")]
        config::Engine::Wasmtime => Ok(Box::new(wasmtime::Wasmtime::new(config)?)),
        #[cfg(not(feature = "wasmtime"))]
        config::Engine::Wasmtime => Err(
            "config.engine: this build of the plugin has no wasmtime: build it with \
             `--features wasmtime`, or use wasmi"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests;
