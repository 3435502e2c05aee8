//! What all tasks of the plugin share.

use std::path::Path;
use std::sync::Arc;

use crate::cache::{Cache, Found};
use crate::config::Config;
use crate::engine::{self, Engine};
use crate::module::{self, Fault};

/// The configuration, the engine, and what that has compiled.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) engine: Arc<dyn Engine>,
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

    /// Looks for the program of a module's file among those that are compiled. Blocks.
    ///
    /// # Errors
    ///
    /// Why the file is no module.
    pub(crate) fn look_up(&self, path: &Path) -> Result<Found, Fault> {
        let bytes = module::read(path, self.config.max_module_bytes)?;
        Ok(self.cache.look_up(bytes))
    }

    /// Compiles a module ahead of the first attempt that needs it. A module with a fault has it told by
    /// the attempt, and so has one whose compilation panics or ends with the runtime.
    pub(crate) async fn prepare(self: &Arc<Self>, path: &Path) {
        let (shared, path) = (Arc::clone(self), path.to_owned());
        let reading = tokio::task::spawn_blocking(move || shared.look_up(&path));
        if let Ok(Ok(Found::New(module))) = reading.await {
            let _ = self.cache.compile(&self.engine, module).await;
        }
    }
}
