//! One attempt, which is announced from its beginning to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use solti_plugin_host::solti_model::TaskId;
use solti_plugin_host::taskvisor::{self, TaskRef};
use solti_plugin_host::{AttemptControl, Spawn, SpawnedAttempt};
use tokio_util::sync::CancellationToken;

use crate::output::{Invocation, TaskOutput};

/// Further than any deadline: what cannot be added to the time of day.
const NEVER: Duration = Duration::from_secs(u32::MAX as u64);

/// The attempts of one task: their numbers, and where their output goes.
pub(crate) struct Attempts {
    channel: TaskId,
    output: Arc<dyn TaskOutput>,
    begun: AtomicU32,
}

impl Attempts {
    /// Those of a task that was just built, whose output goes through this channel.
    pub(crate) fn new(channel: TaskId, output: Box<dyn TaskOutput>) -> Self {
        output.registry().ensure_channel(channel.clone());
        output.built(&channel);
        Self {
            channel,
            output: Arc::from(output),
            begun: AtomicU32::new(0),
        }
    }

    /// Begins the next one.
    pub(crate) fn begin(&self, timeout: Duration) -> Attempt {
        let number = self.begun.fetch_add(1, Ordering::Relaxed) + 1;
        self.output.begun(number);
        Attempt::begin(&self.output, &self.channel, number, timeout)
    }

    /// Tells of a run within an attempt.
    pub(crate) fn invoked(&self, invocation: &Invocation) {
        self.output.invoked(invocation);
    }
}

impl Drop for Attempts {
    fn drop(&mut self) {
        self.output.registry().evict(&self.channel);
    }
}

/// An attempt whose end is announced, however it ends.
pub(crate) struct Attempt {
    output: Arc<dyn TaskOutput>,
    channel: TaskId,
    number: u32,
    /// The plugin that was told of last.
    plugin: Option<Arc<str>>,
    deadline: Instant,
    /// Of what runs now.
    control: Option<AttemptControl>,
    exit_code: Option<i32>,
}

impl Attempt {
    /// Announces an attempt that has so much time.
    fn begin(
        output: &Arc<dyn TaskOutput>,
        channel: &TaskId,
        number: u32,
        timeout: Duration,
    ) -> Self {
        output.registry().announce_run_started(channel, number);
        Self {
            output: Arc::clone(output),
            channel: channel.clone(),
            number,
            plugin: None,
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
        let control = self.control.insert(control).clone();
        // One that is built anew for it begins later.
        self.note_plugin(&control);
        let result = future.await;
        self.note_plugin(&control);
        let told = self.control.take().and_then(|it| it.outcome().exit_code);
        self.exit_code = told.or(exit_code_of(&result));
        result
    }

    fn note_plugin(&mut self, control: &AttemptControl) {
        let plugin = control.plugin();
        if let Some(plugin) = plugin.filter(|it| self.plugin.as_ref() != Some(it)) {
            self.output.run_by(&plugin);
            self.plugin = Some(plugin);
        }
    }

    /// Its number, from one.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// The exit code of what ran last.
    pub(crate) fn exit_code(&self) -> Option<i32> {
        self.exit_code
    }

    /// Adds a line to its output.
    pub(crate) fn mark(&self, line: String, is_error: bool) {
        let sink = self
            .output
            .registry()
            .sink_for(self.channel.clone(), self.number);
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
        self.output
            .registry()
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
