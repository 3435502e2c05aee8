//! Compiled modules, by content.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use lru::LruCache;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tokio::task::JoinError;
use tracing::debug;

use crate::engine::{Engine, Program};
use crate::module::Fault;

/// Modules that are compiled at the same time. No engine can be interrupted while it compiles, so one
/// that nobody waits for any more counts among them until it is done.
const MOST_COMPILED_AT_ONCE: usize = 4;

/// What became of compiling a module.
type Compiled = Result<Arc<dyn Program>, Fault>;

/// The modules that one engine compiled most recently.
///
/// An engine's limits are the same for all its modules, so the content alone is the key. A content
/// that does not compile is remembered too: it will not compile at the next attempt either.
pub(crate) struct Cache {
    slots: Mutex<LruCache<[u8; 32], Arc<Slot>>>,
    room: Arc<Semaphore>,
}

/// One content, filled by whoever comes first.
struct Slot {
    compiled: OnceLock<Compiled>,
    /// Held by whoever compiles it: others that ask for it meanwhile wait for that.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// What the cache has of a content.
pub(crate) enum Found {
    Compiled(Compiled),
    New(NewModule),
}

/// A module that has yet to be compiled.
pub(crate) struct NewModule {
    bytes: Vec<u8>,
    slot: Arc<Slot>,
}

/// Tells a compilation that has not begun that nobody waits for it any more.
struct GivenUp(Arc<AtomicBool>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Cache {
    pub(crate) fn new(modules: NonZeroUsize) -> Self {
        Self {
            slots: Mutex::new(LruCache::new(modules)),
            room: Arc::new(Semaphore::new(MOST_COMPILED_AT_ONCE)),
        }
    }

    /// Looks for the module of this content.
    pub(crate) fn look_up(&self, bytes: Vec<u8>) -> Found {
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        let mut slots = self.slots.lock();
        let slot = slots.get_or_insert(digest, || {
            Arc::new(Slot {
                compiled: OnceLock::new(),
                turn: Arc::default(),
            })
        });
        match slot.compiled.get() {
            Some(compiled) => Found::Compiled(compiled.clone()),
            None => Found::New(NewModule {
                bytes,
                slot: Arc::clone(slot),
            }),
        }
    }

    /// Compiles a module on a thread for blocking work, unless somebody else has by then.
    ///
    /// Dropping the future gives it up: one whose turn has not come is never begun. One that has begun
    /// goes on to its end, and what comes of it stays here for whoever asks next.
    ///
    /// # Errors
    ///
    /// A panic of the engine's, or the end of the runtime.
    pub(crate) async fn compile(
        &self,
        engine: &Arc<dyn Engine>,
        new: NewModule,
    ) -> Result<Compiled, JoinError> {
        let NewModule { bytes, slot } = new;
        let turn = Arc::clone(&slot.turn).lock_owned().await;
        if let Some(compiled) = slot.compiled.get() {
            return Ok(compiled.clone());
        }
        let room = Arc::clone(&self.room).acquire_owned().await;
        let room = room.expect("nobody closes the semaphore");
        let given_up = GivenUp(Arc::default());
        let (engine, is_given_up) = (Arc::clone(engine), Arc::clone(&given_up.0));
        let compiling = tokio::task::spawn_blocking(move || {
            let _held = (turn, room);
            let compile = || {
                debug!(bytes = bytes.len(), "compiling a module");
                engine.compile(&bytes)
            };
            let is_wanted = !is_given_up.load(Ordering::Relaxed);
            is_wanted.then(|| slot.compiled.get_or_init(compile).clone())
        });
        Ok(compiling
            .await?
            .expect("it is given up by nobody who waits here"))
    }
}
