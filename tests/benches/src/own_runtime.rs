//! A side whose tasks run on a runtime of their own, as those of a plugin do.

use std::sync::Arc;

use solti_model::{OutputEvent, TaskId, TaskSpec};
use taskvisor::{TaskError, TaskFn, TaskRef};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::broadcast;

use crate::side::Side;

/// Another side, its tasks on a runtime that has as many workers as a plugin's.
///
/// It measures what any runner costs that does not run on the host's runtime: two hops from thread
/// to thread for each attempt.
pub struct OnOwnRuntime<S> {
    side: S,
    runtime: Arc<Runtime>,
}

impl<S: Side> OnOwnRuntime<S> {
    /// Starts the runtime.
    ///
    /// # Panics
    ///
    /// When the system refuses its threads.
    #[must_use]
    pub fn new(side: S) -> Self {
        let runtime = Builder::new_multi_thread()
            .enable_all()
            .build()
            .expect("the system has threads left");
        Self {
            side,
            runtime: Arc::new(runtime),
        }
    }
}

impl<S: Side> Side for OnOwnRuntime<S> {
    fn build(&self, spec: &TaskSpec) -> TaskRef {
        let task = self.side.build(spec);
        let handle = self.runtime.handle().clone();
        TaskFn::arc(task.name().to_owned(), move |cancel| {
            let entered = handle.enter();
            let attempt = handle.spawn(task.spawn(cancel));
            drop(entered);
            async move { attempt.await.unwrap_or(Err(TaskError::Canceled)) }
        })
    }

    fn subscribe(&self, task: &TaskId) -> broadcast::Receiver<OutputEvent> {
        self.side.subscribe(task)
    }

    fn evict(&self, task: &TaskId) {
        self.side.evict(task);
    }

    fn active_channels(&self) -> usize {
        self.side.active_channels()
    }
}
