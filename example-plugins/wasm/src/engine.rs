//! Compiling and running modules within their limits.
//!
//! What is particular to an engine has a file of its own; the rest of the plugin sees two traits and
//! how a run ended.

mod limits;
mod program;
mod wasmi;
#[cfg(feature = "wasmtime")]
mod wasmtime;

use std::sync::Arc;

pub(crate) use program::{Engine, Failure, Program};

use crate::config::{self, Config};

/// Makes the engine that the configuration names.
///
/// # Errors
///
/// The field of the configuration, and why this build cannot use what it names.
pub(crate) fn new(config: &Config) -> Result<Arc<dyn Engine>, String> {
    match config.engine {
        config::Engine::Wasmi => Ok(Arc::new(wasmi::Wasmi::new(config))),
        #[cfg(feature = "wasmtime")]
        config::Engine::Wasmtime => Ok(Arc::new(wasmtime::Wasmtime::new(config)?)),
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
