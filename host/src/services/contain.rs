//! Keeps a panic of the host's own code on the host's side.

use std::any::Any;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::catch::containing;
use super::log_thread;

/// Runs a service for a plugin; when it panics, the host's log says so and `fallback` is returned.
#[inline]
pub(super) fn contain<T>(service: &'static str, fallback: T, call: impl FnOnce() -> T) -> T {
    containing(call).unwrap_or_else(|payload| {
        report(service, payload);
        fallback
    })
}

#[cold]
fn report(service: &'static str, payload: Box<dyn Any + Send>) {
    // A payload may panic when it is dropped, and nothing could catch that any more.
    std::mem::forget(payload);
    // On a thread of the plugin's, which must not wait for whoever reads the log.
    log_thread::say(move || tracing::error!(service, "a host service panicked"));
}

/// A thing of the host application's that a plugin holds: its destructor may run on a thread of the
/// plugin's.
pub(super) struct Contained<T> {
    service: &'static str,
    value: Option<T>,
}

impl<T> Contained<T> {
    pub(super) fn new(service: &'static str, value: T) -> Self {
        let value = Some(value);
        Self { service, value }
    }

    #[inline]
    pub(super) fn get(&self) -> &T {
        self.value
            .as_ref()
            .expect("the value is only taken when this is dropped")
    }
}

impl<T> Drop for Contained<T> {
    fn drop(&mut self) {
        let value = self.value.take();
        contain(self.service, (), || drop(value));
    }
}

/// A future of the host application's that a plugin's runtime polls; one that panics ends there.
impl<F: Future<Output = ()> + Unpin> Future for Contained<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let service = self.service;
        match &mut self.value {
            Some(future) => contain(service, Poll::Ready(()), || Pin::new(future).poll(cx)),
            None => Poll::Ready(()),
        }
    }
}

// Nothing in it is pinned: a future in it is polled only where it need not be.
impl<T> Unpin for Contained<T> {}
