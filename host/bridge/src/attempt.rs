//! One attempt, which is announced from its beginning to its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use solti_plugin_host::solti_model::TaskId;
use solti_plugin_host::taskvisor::{self, TaskRef};
use solti_plugin_host::{AttemptControl, OutputRegistry, Spawn, SpawnedAttempt};
use tokio_util::sync::CancellationToken;

/// Further than any deadline: what cannot be added to the time of day.
const NEVER: Duration = Duration::from_secs(u32::MAX as u64);

/// An attempt whose end is announced, however it ends.
pub(crate) struct Attempt {
    registry: Arc<OutputRegistry>,
    channel: TaskId,
    number: u32,
    deadline: Instant,
    /// Of what runs now.
    control: Option<AttemptControl>,
    exit_code: Option<i32>,
}

impl Attempt {
    /// Announces an attempt that has so much time.
    pub(crate) fn begin(
        registry: &Arc<OutputRegistry>,
        channel: &TaskId,
        number: u32,
        timeout: Duration,
    ) -> Self {
        registry.announce_run_started(channel, number);
        Self {
            registry: Arc::clone(registry),
            channel: channel.clone(),
            number,
            deadline: Instant::now() + timeout.min(NEVER),
            control: None,
            exit_code: None,
        }
    }

    /// Runs a task of a plugin in it: the only one, or one after another.
    pub(crate) async fn run(
        &mut self,
        task: &TaskRef,
        cancel: &CancellationToken,
    ) -> Result<(), taskvisor::TaskError> {
        let SpawnedAttempt { future, control } = Spawn::new(self.number)
            .with_deadline(self.deadline)
            .begin(task, cancel.child_token());
        self.control = Some(control);
        let result = future.await;
        let told = self.control.take().and_then(|it| it.outcome().exit_code);
        self.exit_code = told.or(exit_code_of(&result));
        result
    }

    /// The exit code of what ran last.
    pub(crate) fn exit_code(&self) -> Option<i32> {
        self.exit_code
    }

    /// Adds a line to its output.
    pub(crate) fn mark(&self, line: String, is_error: bool) {
        let sink = self.registry.sink_for(self.channel.clone(), self.number);
        let line = Bytes::from(line);
        if is_error {
            sink.stderr_line(line);
        } else {
            sink.stdout_line(line);
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        // One that is dropped while it runs may have told it before.
        let told = self.control.take().and_then(|it| it.outcome().exit_code);
        let exit_code = told.or(self.exit_code);
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
