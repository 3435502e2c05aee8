//! One way to run tasks, whichever stack is behind it.

use std::future::Future;
use std::time::Instant;

use solti_model::{OutputEvent, TaskId, TaskSpec};
use taskvisor::{TaskError, TaskRef};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// A router with its output registry.
pub trait Side: Send + Sync {
    /// Routes a spec and builds its task.
    fn build(&self, spec: &TaskSpec) -> TaskRef;

    /// Subscribes to the output of a task.
    fn subscribe(&self, task: &TaskId) -> broadcast::Receiver<OutputEvent>;

    /// Forgets the output of a task.
    fn evict(&self, task: &TaskId);

    /// The number of tasks whose output is not forgotten.
    fn active_channels(&self) -> usize;
}

/// The runtime of the host: one worker for each processor.
///
/// # Panics
///
/// When the system refuses its threads.
#[must_use]
pub fn host_runtime() -> Runtime {
    Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("the system has two threads left")
}

/// Runs one attempt of a task as a supervisor does: as a task of the runtime.
///
/// # Panics
///
/// When the attempt panics.
pub async fn attempt(task: &TaskRef) -> Result<(), TaskError> {
    tokio::spawn(task.spawn(CancellationToken::new()))
        .await
        .expect("attempts do not panic")
}

/// Seconds that a future takes.
pub async fn timed(future: impl Future<Output = ()>) -> f64 {
    let began = Instant::now();
    future.await;
    began.elapsed().as_secs_f64()
}
