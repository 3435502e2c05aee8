//! What ends a statement that runs: an attempt that is over, or its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use parking_lot::Mutex;
use rusqlite::InterruptHandle;

/// Asked by an attempt, looked at by the thread that runs its script.
#[derive(Default)]
pub(crate) struct Stop {
    is_asked: AtomicBool,
    /// When the script's own time is over.
    deadline: Mutex<Option<Instant>>,
    /// What interrupts the connection while the script has it. Afterwards it is another's.
    running: Mutex<Option<InterruptHandle>>,
}

impl Stop {
    /// Ends what runs and what would.
    pub(crate) fn ask(&self) {
        self.is_asked.store(true, Ordering::SeqCst);
        if let Some(running) = &*self.running.lock() {
            running.interrupt();
        }
    }

    /// Whether the attempt is over.
    pub(crate) fn is_asked(&self) -> bool {
        self.is_asked.load(Ordering::SeqCst)
    }

    /// Says when the script's own time is over.
    pub(crate) fn at(&self, deadline: Option<Instant>) {
        *self.deadline.lock() = deadline;
    }

    /// Whether nothing is to run any more.
    pub(crate) fn is_over(&self) -> bool {
        self.is_asked() || self.deadline.lock().is_some_and(|at| Instant::now() >= at)
    }

    /// Says what runs from now on, or that nothing does.
    pub(crate) fn runs(&self, running: Option<InterruptHandle>) {
        *self.running.lock() = running;
    }
}

/// Asks when it is dropped, as the future of an attempt is that nobody waits for any more.
pub(crate) struct StopOnDrop(pub(crate) Arc<Stop>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.ask();
    }
}

/// Which script has a connection, for what SQLite calls while it works.
#[derive(Default)]
pub(crate) struct Watch(Mutex<Option<Arc<Stop>>>);

impl Watch {
    /// Says whose the connection is from now on.
    pub(crate) fn set(&self, stop: Option<Arc<Stop>>) {
        *self.0.lock() = stop;
    }

    /// Whether whoever has the connection is to stop.
    pub(crate) fn is_over(&self) -> bool {
        self.0.lock().as_ref().is_some_and(|stop| stop.is_over())
    }
}
