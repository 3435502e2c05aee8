//! The host's things, handed to plugins as objects that can cross.
//!
//! Everything here is called from a plugin's threads, through functions that would end the process
//! if a panic reached them. So each goes through [`contain`]: a metrics backend of the host
//! application that panics costs one record, not the process.

pub(crate) mod log;
pub(crate) mod metrics;
pub(crate) mod output;
pub(crate) mod plugin_host;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs a service for a plugin; when it panics, the host's log says so and `fallback` is returned.
#[inline]
fn contain<T>(service: &'static str, fallback: T, call: impl FnOnce() -> T) -> T {
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
