//! Catching panics of the host application's code.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

thread_local! {
    /// How many calls that are contained are on this thread's stack.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Runs code of the host application's that may panic.
#[inline]
pub(super) fn containing<T>(call: impl FnOnce() -> T) -> thread::Result<T> {
    DEPTH.set(DEPTH.get() + 1);
    let result = catch_unwind(AssertUnwindSafe(call));
    DEPTH.set(DEPTH.get() - 1);
    result
}

/// Whether a panic on this thread would be contained.
pub(crate) fn is_contained() -> bool {
    DEPTH.get() > 0
}
