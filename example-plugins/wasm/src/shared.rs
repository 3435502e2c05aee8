//! What all tasks of the plugin share.

use std::path::Path;
use std::sync::Arc;

use crate::cache::Cache;
use crate::config::Config;
use crate::engine::{self, Engine, Program};
use crate::module::{self, Fault};

/// The configuration, the engine, and what that has compiled.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) engine: Box<dyn Engine>,
    pub(crate) cache: Cache,
}

impl Shared {
    /// Makes the engine that the configuration names.
    ///
    /// # Errors
    ///
    /// Those of [`engine::new`].
    pub(crate) fn new(config: Config) -> Result<Self, String> {
        Ok(Self {
            engine: engine::new(&config)?,
            cache: Cache::new(config.cached_modules),
            config,
        })
    }

    /// The program of a module's file, compiled unless it is already. Blocks.
    ///
    /// # Errors
    ///
    /// Why the file is no module, or none that this engine can run.
    pub(crate) fn program(&self, path: &Path) -> Result<Arc<dyn Program>, Fault> {
        let bytes = module::read(path, self.config.max_module_bytes)?;
        self.cache.program(&*self.engine, &bytes)
    }

    /// Compiles a module ahead of the first attempt that needs it, on a thread for blocking work; who no
    /// longer waits leaves it to that. A module with a fault has it told by the attempt.
    pub(crate) async fn prepare(self: &Arc<Self>, path: &Path) {
        let (shared, path) = (Arc::clone(self), path.to_owned());
        let compiling = tokio::task::spawn_blocking(move || shared.program(&path).map(drop));
        // An error would be a panic, which has been reported, or the end of the runtime.
        let _ = compiling.await;
    }
}
