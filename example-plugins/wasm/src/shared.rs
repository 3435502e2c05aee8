//! What all tasks of the plugin share.

use crate::cache::Cache;
use crate::config::Config;
use crate::engine::{self, Engine};

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
}
