//! Where the output of a bridged task goes.

use std::sync::Arc;
use std::time::SystemTime;

use solti_model_published as published;
use solti_plugin_host::OutputRegistry;
use solti_plugin_host::output::{OutputBackend, SinkBackend};
use solti_plugin_host::solti_model::{StreamKind, TaskId};
use solti_runner_published::{OutputPublisherHandle, OutputSink, request_output_sink};

use crate::sink::{LineSink, TakesLines};

/// Decides where the output of each task goes.
///
/// The default, [`PublishedSinks`], is what every runner of the published line does. An application that
/// keeps output itself gives tasks a registry of its own, and taps them: then no byte is lost, and writers
/// wait for who reads.
pub trait OutputRoute: Send + Sync {
    /// Called when a task is about to be built; what it returns is dropped with the task, when there
    /// will be no further attempt.
    fn begin(
        &self,
        task: &published::Task,
        publisher: &OutputPublisherHandle,
    ) -> Box<dyn TaskOutput>;
}

/// The output of one task, from its build to its last attempt.
pub trait TaskOutput: Send + Sync {
    /// What hands out the sinks of its attempts.
    fn registry(&self) -> &Arc<OutputRegistry>;

    /// Called when the task is built, before its first attempt, with the name of its channel.
    fn built(&self, channel: &TaskId) {
        let _ = channel;
    }

    /// Called when an attempt begins, with its number, from one: sooner than who supervises the task may tell
    /// of it.
    fn begun(&self, number: u32) {
        let _ = number;
    }

    /// Called with the plugin that runs an attempt, or a part of one, as soon as it is known; not where that
    /// was the last one as well.
    fn run_by(&self, plugin: &str) {
        let _ = plugin;
    }

    /// Called when a run within an attempt begins, and when it has ended: of a task that makes many, as a
    /// calendar says. Their numbers are those of the attempts that its registry announces.
    fn invoked(&self, invocation: &Invocation) {
        let _ = invocation;
    }
}

/// A run within an attempt.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Invocation {
    /// From one.
    pub number: u32,
    /// When it began.
    pub started: SystemTime,
    /// When it ended.
    pub finished: Option<SystemTime>,
    /// `running`, or how it ended: `succeeded`, `failed`, `timeout` or `canceled`.
    pub phase: &'static str,
    /// The exit code of what ran, where it had one.
    pub exit_code: Option<i32>,
    /// Why it failed.
    pub error: Option<String>,
}

/// Lines go to the sinks of the published context, which do not press back.
#[derive(Debug, Clone, Copy, Default)]
pub struct PublishedSinks;

impl OutputRoute for PublishedSinks {
    fn begin(
        &self,
        task: &published::Task,
        publisher: &OutputPublisherHandle,
    ) -> Box<dyn TaskOutput> {
        let publisher = Publisher {
            publisher: Arc::clone(publisher),
            task: task.name().clone(),
            generation: task.metadata().generation(),
        };
        Box::new(Registry(Arc::new(OutputRegistry::with_backend(publisher))))
    }
}

struct Registry(Arc<OutputRegistry>);

impl TaskOutput for Registry {
    fn registry(&self) -> &Arc<OutputRegistry> {
        &self.0
    }
}

/// The registry of one task whose sinks are those of the published line.
struct Publisher {
    publisher: OutputPublisherHandle,
    task: published::TaskId,
    generation: u64,
}

impl OutputBackend for Publisher {
    fn ensure_channel(&self, _: &TaskId) {}

    fn sink_for(&self, _: &TaskId, attempt: u32) -> Arc<dyn SinkBackend> {
        let sink = request_output_sink(&self.publisher, &self.task, self.generation, attempt);
        Arc::new(LineSink::new(Sink(sink)))
    }

    // Core announces attempts itself.
    fn announce_run_started(&self, _: &TaskId, _: u32) {}

    fn announce_run_finished(&self, _: &TaskId, _: u32, _: Option<i32>) {}

    fn evict(&self, _: &TaskId) {}

    fn active_channels(&self) -> usize {
        0
    }
}

/// Takes lines for a sink of the published line; none where nobody wants the output.
struct Sink(Option<OutputSink>);

impl TakesLines for Sink {
    fn line(&self, stream: StreamKind, cut: bool, line: &[u8]) {
        let Some(sink) = &self.0 else { return };
        match (stream, cut) {
            (StreamKind::Stdout, false) => sink.stdout_line_bytes(line),
            (StreamKind::Stdout, true) => sink.stdout_line_bytes_truncated(line),
            (StreamKind::Stderr, false) => sink.stderr_line_bytes(line),
            (StreamKind::Stderr, true) => sink.stderr_line_bytes_truncated(line),
        }
    }

    fn is_enabled(&self) -> bool {
        self.0.is_some()
    }
}
