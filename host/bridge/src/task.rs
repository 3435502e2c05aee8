//! A task of a plugin, as one that the published line supervises.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use solti_model_published::TaskSpec;
use solti_plugin_host::solti_model::TaskId;
use solti_plugin_host::taskvisor::{self, TaskRef};
use solti_plugin_host::{AttemptControl, OutputRegistry, Spawn, SpawnedAttempt};
use taskvisor_published::{BoxTaskFuture, Task, TaskContext, TaskError};
use tokio_util::sync::CancellationToken;

use crate::output::TaskOutput;

/// Further than any deadline: what cannot be added to the time of day.
const NEVER: Duration = Duration::from_secs(u32::MAX as u64);

/// A task of a plugin.
pub(crate) struct BridgedTask {
    task: TaskRef,
    channel: TaskId,
    timeout: Duration,
    attempts: AtomicU32,
    output: Box<dyn TaskOutput>,
}

impl BridgedTask {
    pub(crate) fn new(task: TaskRef, output: Box<dyn TaskOutput>, spec: &TaskSpec) -> Self {
        let channel = TaskId::from(task.name());
        output.registry().ensure_channel(channel.clone());
        output.built(&channel);
        Self {
            task,
            channel,
            timeout: Duration::from_millis(spec.timeout().as_millis()).min(NEVER),
            attempts: AtomicU32::new(0),
            output,
        }
    }
}

impl Task for BridgedTask {
    fn spawn(&self, ctx: TaskContext) -> BoxTaskFuture {
        let number = self.attempts.fetch_add(1, Ordering::Relaxed) + 1;
        let registry = Arc::clone(self.output.registry());
        registry.announce_run_started(&self.channel, number);
        let cancel = CancellationToken::new();
        let SpawnedAttempt { future, control } = Spawn::new(number)
            .with_deadline(Instant::now() + self.timeout)
            .begin(&self.task, cancel.clone());
        let mut attempt = Attempt {
            registry,
            channel: self.channel.clone(),
            number,
            control,
            exit_code: None,
        };
        Box::pin(async move {
            let mut work = future;
            let result = tokio::select! {
                biased;
                result = &mut work => result,
                () = ctx.cancelled() => {
                    cancel.cancel();
                    work.await
                }
            };
            attempt.exit_code = exit_code_of(&result);
            drop(attempt);
            result.map_err(error_of)
        })
    }
}

impl Drop for BridgedTask {
    fn drop(&mut self) {
        self.output.registry().evict(&self.channel);
    }
}

/// An attempt whose end is announced, however it ends.
struct Attempt {
    registry: Arc<OutputRegistry>,
    channel: TaskId,
    number: u32,
    control: AttemptControl,
    exit_code: Option<i32>,
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let exit_code = self.control.outcome().exit_code.or(self.exit_code);
        self.registry
            .announce_run_finished(&self.channel, self.number, exit_code);
    }
}

fn exit_code_of(result: &Result<(), taskvisor::TaskError>) -> Option<i32> {
    match result {
        Err(
            taskvisor::TaskError::Fail { exit_code, .. }
            | taskvisor::TaskError::Fatal { exit_code, .. },
        ) => *exit_code,
        _ => None,
    }
}

fn error_of(err: taskvisor::TaskError) -> TaskError {
    match err {
        taskvisor::TaskError::Timeout { timeout } => TaskError::timeout(timeout),
        taskvisor::TaskError::Fatal { reason, exit_code } => {
            TaskError::fatal(reason).with_exit_code(exit_code)
        }
        taskvisor::TaskError::Fail { reason, exit_code } => {
            TaskError::fail(reason).with_exit_code(exit_code)
        }
        taskvisor::TaskError::Canceled => TaskError::Canceled,
        other => TaskError::fail(other.to_string()),
    }
}
