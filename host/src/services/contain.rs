//! Keeps a panic of the host's own code on the host's side.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs a service for a plugin; when it panics, the host's log says so and `fallback` is returned.
#[inline]
pub(super) fn contain<T>(service: &'static str, fallback: T, call: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|payload| {
        report(service, payload);
        fallback
    })
}

#[cold]
fn report(service: &'static str, payload: Box<dyn Any + Send>) {
    // A payload may panic when it is dropped, and nothing could catch that any more.
    std::mem::forget(payload);
    let _ = catch_unwind(|| tracing::error!(service, "a host service panicked"));
}
