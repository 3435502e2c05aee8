//! A runner of 0.0.2 as one of ours.

use std::sync::Arc;

use solti_plugin_host::solti_model::{OutputEvent, StreamKind, TaskId, TaskSpec};
use solti_plugin_host::taskvisor::{BoxTaskFuture, Task, TaskRef};
use solti_plugin_host::{BuildContext, OutputRegistry, Runner, RunnerError};
use solti_runner_0_0_2 as published;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::metrics;

/// How many lines of a task wait for their way into the registry of ours. A runner of that line cannot be
/// pressed: what it pushes faster is lost, and that is said in the log.
const WAITING: usize = 4096;

/// A runner of `solti-runner` 0.0.2, such as one of `solti-exec`, as one of ours.
pub struct FromPublished(Arc<dyn published::Runner>);

impl FromPublished {
    /// This runner, for a router of ours.
    #[must_use]
    pub fn new(runner: Arc<dyn published::Runner>) -> Self {
        Self(runner)
    }
}

impl Runner for FromPublished {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn supports(&self, spec: &TaskSpec) -> bool {
        self.0.supports(spec)
    }

    fn build_task(&self, spec: &TaskSpec, ctx: &BuildContext) -> Result<TaskRef, RunnerError> {
        let channels = Arc::new(published::OutputRegistry::new(WAITING));
        let metrics = Arc::new(metrics::FromPublished(Arc::clone(ctx.metrics())));
        let context = published::BuildContext::new(ctx.env().clone(), metrics)
            .with_output_registry(Arc::clone(&channels));
        let task = self.0.build_task(spec, &context).map_err(|err| match err {
            published::RunnerError::NoRunner(kind) => RunnerError::NoRunner(kind),
            published::RunnerError::UnsupportedKind { runner, kind } => {
                RunnerError::UnsupportedKind { runner, kind }
            }
            published::RunnerError::InvalidSpec(reason) => RunnerError::InvalidSpec(reason),
            published::RunnerError::MissingField(field) => RunnerError::MissingField(field),
            published::RunnerError::Io(reason) => RunnerError::Io(reason),
            published::RunnerError::Internal(reason) => RunnerError::Internal(reason),
        })?;
        Ok(Arc::new(Relayed {
            name: TaskId::from(task.name()),
            task,
            channels,
            output: Arc::clone(ctx.output_registry()),
        }))
    }
}

impl std::fmt::Debug for FromPublished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("FromPublished")
            .field(&self.0.name())
            .finish()
    }
}

/// A task of 0.0.2 whose lines are passed on while it runs.
struct Relayed {
    name: TaskId,
    task: TaskRef,
    channels: Arc<published::OutputRegistry>,
    output: Arc<OutputRegistry>,
}

impl Task for Relayed {
    fn name(&self) -> &str {
        self.task.name()
    }

    fn spawn(&self, cancel: CancellationToken) -> BoxTaskFuture {
        self.channels.ensure_channel(self.name.clone());
        let lines = self.channels.subscribe(&self.name);
        let mut work = self.task.spawn(cancel);
        let Some(mut lines) = lines else { return work };
        let (name, output) = (self.name.clone(), Arc::clone(&self.output));
        Box::pin(async move {
            loop {
                tokio::select! {
                    biased;
                    event = lines.recv() => match event {
                        Ok(event) => pass_on(event, &name, &output),
                        Err(RecvError::Lagged(lines)) => lost(&name, lines),
                        Err(RecvError::Closed) => return work.await,
                    },
                    result = &mut work => {
                        pass_on_rest(&mut lines, &name, &output);
                        return result;
                    }
                }
            }
        })
    }
}

/// Passes on what was pushed before the end.
fn pass_on_rest(lines: &mut Receiver<OutputEvent>, name: &TaskId, output: &OutputRegistry) {
    loop {
        match lines.try_recv() {
            Ok(event) => pass_on(event, name, output),
            Err(TryRecvError::Lagged(lines)) => lost(name, lines),
            Err(TryRecvError::Empty | TryRecvError::Closed) => return,
        }
    }
}

fn pass_on(event: OutputEvent, name: &TaskId, output: &OutputRegistry) {
    let OutputEvent::Chunk(chunk) = event else {
        return;
    };
    let sink = output.sink_for(name.clone(), chunk.attempt);
    match chunk.stream {
        StreamKind::Stdout => sink.stdout_line(chunk.line),
        StreamKind::Stderr => sink.stderr_line(chunk.line),
    }
}

fn lost(name: &TaskId, lines: u64) {
    warn!(task = %name, lines, "lines came faster than they could be taken, and are lost");
}
