//! Directories and files within the bounds of one run: how many are open at a time, and how long
//! one call may take after the guest was asked to stop.

mod directory;
mod file;

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasi_common::{Error, ErrorExt, WasiDir};

use crate::stop::Stop;

/// The bounds of one run.
#[derive(Clone)]
pub(super) struct Bounds {
    stop: Arc<Stop>,
    /// What may still be opened. Each file holds a descriptor of the host's process, of which its
    /// other plugins need some too.
    open: Arc<Semaphore>,
}

impl Bounds {
    pub(super) fn new(stop: Arc<Stop>, max_open_files: u32) -> Self {
        Self {
            stop,
            open: Arc::new(Semaphore::new(
                (max_open_files as usize).min(Semaphore::MAX_PERMITS),
            )),
        }
    }

    /// An error once the guest is to stop, which it does not see: the engine ends it when the call
    /// returns.
    fn check(&self) -> Result<(), Error> {
        if self.stop.is_set() {
            return Err(Error::io());
        }
        Ok(())
    }
}

/// A directory or file of a guest.
pub(super) struct Bounded<T> {
    inner: T,
    bounds: Bounds,
    /// Gives its place back when it is closed; a directory of the configuration takes none.
    _place: Option<OwnedSemaphorePermit>,
}

impl Bounded<Box<dyn WasiDir>> {
    /// A directory that the guest begins with.
    pub(super) fn preopened(inner: Box<dyn WasiDir>, bounds: Bounds) -> Self {
        Self {
            inner,
            bounds,
            _place: None,
        }
    }
}
