//! One task: have it built, attempt it, wait, attempt it again, until it is over.

use std::sync::Arc;
use std::time::Duration;

use solti_model::TaskId;
use solti_plugin_abi::{OutputRegistry, RunnerError, TapOptions};
use taskvisor::TaskRef;
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::attempt::{Attempted, Of, attempt};
use super::observer::StartedTask;
use super::outcome::Outcome;
use super::retry;
use super::running::Running;
use super::tasks::Tasks;
use crate::foreign::let_go;

/// Runs a task whose turn it is. Returns at once.
pub(super) fn run(tasks: Arc<Tasks>, running: Arc<Running>, runtime: &Handle) {
    runtime.spawn(async move {
        let mut ending = Ending {
            outcome: None,
            _future: tasks.futures.token(),
            tasks,
            running,
        };
        let outcome = to_its_end(&ending.tasks, &ending.running).await;
        ending.outcome = Some(outcome);
    });
}

/// Ends a task when it is dropped: what panicked in a runner of this process ends its task as well.
struct Ending {
    /// How it ended, once that is known.
    outcome: Option<Outcome>,
    tasks: Arc<Tasks>,
    running: Arc<Running>,
    /// Given back last: who waits for that may drop the last of the runners.
    _future: TaskTrackerToken,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let outcome = self.outcome.take().unwrap_or_else(Outcome::unfinished);
        self.tasks.end(&self.running, outcome);
    }
}

/// The channel of a task, until there will be no further attempt.
struct Channel {
    registry: Arc<OutputRegistry>,
    id: TaskId,
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.registry.evict(&self.id);
    }
}

/// A task that was built: its destructor, which may take long, holds up no worker.
struct Built(Option<TaskRef>);

impl Built {
    fn get(&self) -> &TaskRef {
        self.0.as_ref().expect("only drop takes it")
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        let_go(self.0.take());
    }
}

async fn to_its_end(tasks: &Arc<Tasks>, running: &Arc<Running>) -> Outcome {
    let task = match build(tasks, running).await {
        Ok(task) => Built(Some(task)),
        Err(outcome) => return outcome,
    };
    let task = task.get();
    let id = TaskId::from(task.name());
    let router = tasks.runners.router();
    let registry = Arc::clone(running.submission.context(&router).output_registry());
    drop(router);
    registry.ensure_channel(id.clone());
    let channel = Channel { registry, id };
    running.progress.lock().id = Some(channel.id.clone());
    tell_of_start(tasks, running, &channel.id);
    loop {
        // Ended while it was built, or while it waited: no attempt begins.
        if running.cancel.is_cancelled() {
            return running.canceled_between();
        }
        let Attempted { outcome, is_final } = attempt(Of {
            running,
            task,
            id: &channel.id,
            registry: &channel.registry,
            observer: &*tasks.observer,
            grace: tasks.options.grace,
        })
        .await;
        let failures = running.progress.lock().failures;
        let retries = tasks.options.retries;
        let next = retry::next(&running.submission, &outcome, failures, retries);
        let Some(delay) = next.filter(|_| !is_final) else {
            return outcome;
        };
        if !wait(tasks, running, delay).await {
            return running.canceled_between();
        }
    }
}

/// Waits for the next attempt; `false` when there is none.
async fn wait(tasks: &Arc<Tasks>, running: &Arc<Running>, delay: Duration) -> bool {
    if delay.is_zero() {
        tokio::task::yield_now().await;
        return true;
    }
    tasks.pause(running, sleep(delay)).await
}

/// Has the task built, within the time of an attempt.
async fn build(tasks: &Tasks, running: &Running) -> Result<TaskRef, Outcome> {
    let limit = running.submission.timeout();
    let building = timeout(limit, tasks.runners.build(&running.submission));
    tokio::select! {
        biased;
        () = running.cancel.cancelled() => Err(running.canceled_between()),
        built = building => match built {
            Ok(Ok(task)) => Ok(task),
            Ok(Err(RunnerError::NoRunner(kind))) => Err(Outcome::NoRunner { kind }),
            Ok(Err(err)) => Err(Outcome::failed(err.to_string())),
            Err(_) => Err(Outcome::TimedOut { after: limit }),
        },
    }
}

/// Lets those who want to read the output do so from its beginning.
fn tell_of_start(tasks: &Arc<Tasks>, running: &Running, id: &TaskId) {
    tasks.observer.started(&StartedTask {
        running,
        id,
        output: &|options| tasks.output(running, id, options),
    });
    if let Some(waiter) = &mut *running.waiter.lock()
        && let Some(sender) = waiter.output.take()
        && let Some(output) = tasks.output(running, id, TapOptions::default())
    {
        // Who does not wait any more has cancelled the task.
        drop(sender.send(output));
    }
}
