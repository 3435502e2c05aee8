//! Hears what code of this program logs and measures, on the threads of one test alone.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Once};
use std::task::{Context, Poll};

use tracing::{Dispatch, Event, Subscriber};
use tracing_log::NormalizeEvent as _;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::registry::Registry;

use super::heard::{Heard, Sample};
use super::log::Log;
use crate::instruments::{Measurement, receive_with};
use crate::scoped::with_value;
use crate::sdk::Fields;

thread_local! {
    /// Who hears the measurements of this thread.
    static HEARING: RefCell<Option<Arc<Heard>>> = const { RefCell::new(None) };
}

/// Hears for one test what code of this program logs and measures.
#[derive(Clone)]
pub(super) struct Ear {
    heard: Arc<Heard>,
    dispatch: Dispatch,
}

impl Ear {
    pub(super) fn new(heard: Arc<Heard>) -> Self {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            // Where the test's program has a receiver or a logger of its own, that one is told instead.
            receive_with(|measurement| {
                let heard = HEARING.with_borrow(Clone::clone);
                if let Some(heard) = heard {
                    heard.measure(sample(measurement));
                }
            });
            let _ = tracing_log::LogTracer::init();
        });
        let layer = Listener(Arc::clone(&heard));
        Self {
            heard,
            dispatch: Dispatch::new(Registry::default().with(layer)),
        }
    }

    /// Runs `f`, and hears it.
    pub(super) fn hear<T>(&self, f: impl FnOnce() -> T) -> T {
        let heard = Arc::clone(&self.heard);
        tracing::dispatcher::with_default(&self.dispatch, || with_value(&HEARING, heard, f))
    }

    /// Hears all that this thread does from now on until it ends.
    pub(super) fn hear_thread(&self) {
        HEARING.set(Some(Arc::clone(&self.heard)));
        // Dropped, it would put back the subscriber that was there before.
        std::mem::forget(tracing::dispatcher::set_default(&self.dispatch));
    }

    /// Hears a future, whatever thread it is polled and dropped on.
    pub(super) fn on<F: Future + Unpin>(&self, future: F) -> Listened<F> {
        Listened {
            ear: self.clone(),
            future: Some(future),
        }
    }
}

impl fmt::Debug for Ear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ear").finish_non_exhaustive()
    }
}

fn sample(measurement: &Measurement<'_>) -> Sample {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    Sample {
        name: measurement.name.to_owned(),
        kind: measurement.kind,
        labels: measurement.labels.iter().map(owned).collect(),
        value: measurement.value,
        count: 1,
    }
}

/// A future that is heard.
pub(super) struct Listened<F> {
    ear: Ear,
    future: Option<F>,
}

impl<F: Future + Unpin> Future for Listened<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        let future = this.future.as_mut().expect("the destructor alone takes it");
        this.ear.hear(|| Pin::new(future).poll(cx))
    }
}

impl<F> Drop for Listened<F> {
    fn drop(&mut self) {
        let future = self.future.take();
        self.ear.hear(|| drop(future));
    }
}

struct Listener(Arc<Heard>);

impl<S: Subscriber> Layer<S> for Listener {
    fn on_event(&self, event: &Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        // A record of the crate `log` has its own level and target in fields.
        let normalized = event.normalized_metadata();
        let metadata = normalized.as_ref().unwrap_or(event.metadata());
        self.0.log(Log {
            level: *metadata.level(),
            target: metadata.target().to_owned(),
            message: fields.message,
            fields: fields.others,
        });
    }
}
