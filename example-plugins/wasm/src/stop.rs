//! Ending a guest from outside.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// A request to stop, which a guest's thread sees between two slices of its work, at each call of
/// a WASI function, and while it sleeps.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    /// A copy of `asked` that is read without the lock.
    seen: AtomicBool,
    asked: Mutex<bool>,
    wake: Condvar,
}

impl Stop {
    /// Asks the guest to stop and wakes it.
    pub(crate) fn set(&self) {
        self.seen.store(true, Ordering::Release);
        *self.asked.lock() = true;
        self.wake.notify_all();
    }

    pub(crate) fn is_set(&self) -> bool {
        self.seen.load(Ordering::Acquire)
    }

    /// Sleeps for `duration`, or until the guest is asked to stop; `false` when it was.
    pub(crate) fn sleep(&self, duration: Duration) -> bool {
        let mut asked = self.asked.lock();
        self.wake
            .wait_while_for(&mut asked, |asked| !*asked, duration);
        !*asked
    }
}
