//! Runs a case: in the test's own runtime, in one of its own, or on a clock that jumps.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};

use super::case::Case;
use super::drive::Drive;
use super::heard::Heard;
use super::listen::Ear;
use super::ran::Ran;
use super::subject::Subject;

/// Runs a task of `subject`: see [`Run`] for the three ways to wait for it.
///
/// # Examples
///
/// See [the module](super).
pub fn run<S: Subject + ?Sized>(subject: &S, case: impl Into<Case>) -> Run<'_, S> {
    Run {
        subject,
        case: case.into(),
    }
}

/// A task that is about to be run, in one of three ways:
///
/// - [`blocking`](Self::blocking), in a plain `#[test]`. Everything that is logged and measured is
///   heard, on whatever thread.
/// - [`paused`](Self::paused), the same on a clock that jumps to the next timer as soon as nothing
///   else is to be done: an hour of waiting takes no time.
/// - `.await`, in the runtime of the test, on its clock: that of
///   `#[tokio::test(start_paused = true)]` jumps as well. What is logged and measured by tasks and
///   threads that the runner starts by itself is not heard.
#[must_use = "nothing runs until it is waited for"]
pub struct Run<'a, S: ?Sized> {
    subject: &'a S,
    case: Case,
}

impl<'a, S: Subject + ?Sized> Run<'a, S> {
    /// Runs it to its end, in a runtime of its own.
    ///
    /// # Panics
    ///
    /// In a runtime, which cannot be blocked; and when the spec cannot be one.
    #[must_use]
    pub fn blocking(self) -> Ran {
        let mut runtime = Builder::new_multi_thread();
        self.within(runtime.worker_threads(2))
    }

    /// As [`blocking`](Self::blocking), on a clock that jumps, where the subject has no clock of its own: a
    /// built plugin has, and takes its time.
    ///
    /// Only timers of tokio's jump. What waits for a process, a socket or a thread of the runner's own
    /// does not: its attempt's deadline comes at once.
    ///
    /// # Panics
    ///
    /// As [`blocking`](Self::blocking).
    #[must_use]
    pub fn paused(self) -> Ran {
        if self.subject.has_own_clock() {
            return self.blocking();
        }
        self.within(Builder::new_current_thread().start_paused(true))
    }

    fn within(self, runtime: &mut Builder) -> Ran {
        let (heard, ear) = ears();
        let on_threads = ear.clone();
        let runtime: Runtime = runtime
            .enable_all()
            .on_thread_start(move || on_threads.hear_thread())
            .build()
            .expect("a test has threads and descriptors left");
        let drive = Drive::new(self.subject, self.case, heard, ear.clone());
        let ran = ear.hear(|| runtime.block_on(drive.run()));
        // Not by dropping it: that waits for threads that never end.
        runtime.shutdown_background();
        ran
    }
}

impl<'a, S: Subject + ?Sized> IntoFuture for Run<'a, S> {
    type Output = Ran;
    type IntoFuture = Pin<Box<dyn Future<Output = Ran> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        let (heard, ear) = ears();
        Box::pin(Drive::new(self.subject, self.case, heard, ear).run())
    }
}

fn ears() -> (Arc<Heard>, Ear) {
    let heard = Arc::new(Heard::default());
    let ear = Ear::new(Arc::clone(&heard));
    (heard, ear)
}

impl<S: ?Sized> fmt::Debug for Run<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("case", &self.case)
            .finish_non_exhaustive()
    }
}
