//! Compiled modules, by content.

use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};

use lru::LruCache;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tracing::debug;

use crate::engine::{Engine, Program};
use crate::module::Fault;

/// What became of compiling one content; filled by whoever comes first.
type Slot = Arc<OnceLock<Result<Arc<dyn Program>, Fault>>>;

/// The modules that one engine compiled most recently.
///
/// An engine's limits are the same for all its modules, so the content alone is the key. A content
/// that does not compile is remembered too: it will not compile at the next attempt either.
pub(crate) struct Cache {
    slots: Mutex<LruCache<[u8; 32], Slot>>,
}

impl Cache {
    pub(crate) fn new(modules: NonZeroUsize) -> Self {
        Self {
            slots: Mutex::new(LruCache::new(modules)),
        }
    }

    /// Returns the module of this content, compiling it if nobody has; others that ask for the
    /// same one meanwhile wait for it.
    pub(crate) fn program(
        &self,
        engine: &dyn Engine,
        bytes: &[u8],
    ) -> Result<Arc<dyn Program>, Fault> {
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        let slot = Arc::clone(self.slots.lock().get_or_insert(digest, Slot::default));
        slot.get_or_init(|| {
            debug!(bytes = bytes.len(), "compiling a module");
            engine.compile(bytes)
        })
        .clone()
    }
}
