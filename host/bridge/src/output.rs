//! Where the output of a bridged task goes.

use std::future::ready;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use solti_model_published as published;
use solti_plugin_host::OutputRegistry;
use solti_plugin_host::output::{Block, OutputBackend, Pressure, Ready, SinkBackend};
use solti_plugin_host::solti_model::{StreamKind, TaskId};
use solti_runner_published::{OutputPublisherHandle, OutputSink, request_output_sink};

use crate::lines::Lines;

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
        Arc::new(Sink {
            sink,
            open: Mutex::default(),
        })
    }

    // Core announces attempts itself.
    fn announce_run_started(&self, _: &TaskId, _: u32) {}

    fn announce_run_finished(&self, _: &TaskId, _: u32, _: Option<i32>) {}

    fn evict(&self, _: &TaskId) {}

    fn active_channels(&self) -> usize {
        0
    }
}

/// A sink of the published line; none where nobody wants the output.
struct Sink {
    sink: Option<OutputSink>,
    /// The lines that have begun, of standard output and of standard error.
    open: Mutex<[Lines; 2]>,
}

impl Sink {
    fn line(&self, stream: StreamKind, cut: bool, line: &[u8]) {
        let Some(sink) = &self.sink else { return };
        match (stream, cut) {
            (StreamKind::Stdout, false) => sink.stdout_line_bytes(line),
            (StreamKind::Stdout, true) => sink.stdout_line_bytes_truncated(line),
            (StreamKind::Stderr, false) => sink.stderr_line_bytes(line),
            (StreamKind::Stderr, true) => sink.stderr_line_bytes_truncated(line),
        }
    }
}

impl SinkBackend for Sink {
    fn push(&self, stream: StreamKind, cut: bool, line: &[u8]) -> Pressure {
        self.line(stream, cut, line);
        Pressure::None
    }

    fn push_lines(&self, stream: StreamKind, text: &[u8], spans: &[[u32; 2]]) -> Pressure {
        for [start, end] in spans {
            if let Some(line) = text.get(*start as usize..*end as usize) {
                self.line(stream, false, line);
            }
        }
        Pressure::None
    }

    fn write(&self, stream: StreamKind, block: Block<'_>) -> Pressure {
        if self.sink.is_some() {
            let mut open = self.open.lock();
            let lines = &mut open[usize::from(stream == StreamKind::Stderr)];
            lines.take(block.bytes, block.longest_line, block.last, |line, cut| {
                self.line(stream, cut, line);
            });
        }
        Pressure::None
    }

    fn ready(&self) -> Ready {
        Box::pin(ready(()))
    }

    fn wait_ready(&self, _: Duration) -> bool {
        true
    }

    fn is_enabled(&self) -> bool {
        self.sink.is_some()
    }
}
