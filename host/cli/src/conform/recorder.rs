//! A registry of output that keeps what a plugin writes, and has it wait where a rule says so.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use solti_model::{StreamKind, TaskId};
use solti_plugin_host::output::{Block, OutputBackend, Pressure, Ready, SinkBackend};
use tokio::sync::watch;

/// How much of the standard output of an attempt is kept.
const KEPT: usize = 1 << 20;

/// What an attempt has written.
#[derive(Debug, Clone, Default)]
pub(super) struct Written {
    pub(super) task: String,
    pub(super) attempt: u32,
    /// The beginning of standard output, with the ends of its lines.
    pub(super) stdout: Vec<u8>,
    /// Bytes of both streams.
    pub(super) bytes: u64,
    /// Calls that wrote or ended a stream.
    pub(super) calls: u64,
    /// Lines that were cut.
    pub(super) cut: u64,
    /// Bytes that came after the writer had been told to wait.
    pub(super) unasked: u64,
    /// Whether the writer has been told to wait.
    pub(super) held: bool,
    /// Whether the sink is gone.
    pub(super) closed: bool,
}

/// Keeps what a plugin writes. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Recorder {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    sinks: Mutex<Vec<Written>>,
    /// Told of whatever is written.
    more: Condvar,
    /// From how many bytes on a writer is to wait, until it may go on.
    hold_from: Mutex<Option<u64>>,
    goes_on: watch::Sender<bool>,
}

impl Recorder {
    pub(super) fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                sinks: Mutex::default(),
                more: Condvar::new(),
                hold_from: Mutex::new(None),
                goes_on: watch::Sender::new(true),
            }),
        }
    }

    /// Has each writer wait that has written so much, until [`let_go_on`](Self::let_go_on).
    pub(super) fn hold_from(&self, bytes: u64) {
        *self.shared.hold_from.lock() = Some(bytes);
        self.shared.goes_on.send_replace(false);
    }

    pub(super) fn let_go_on(&self) {
        *self.shared.hold_from.lock() = None;
        self.shared.goes_on.send_replace(true);
        self.shared.more.notify_all();
    }

    /// What was written so far, an entry for each sink.
    pub(super) fn written(&self) -> Vec<Written> {
        self.shared.sinks.lock().clone()
    }

    /// What the attempts of one task have written.
    pub(super) fn of(&self, task: &str) -> Vec<Written> {
        let sinks = self.shared.sinks.lock();
        sinks.iter().filter(|it| it.task == task).cloned().collect()
    }

    /// Waits until `is_so` of what was written, for so long at most; whether it is.
    pub(super) fn wait(&self, at_most: Duration, is_so: impl Fn(&[Written]) -> bool) -> bool {
        let mut sinks = self.shared.sinks.lock();
        self.shared
            .more
            .wait_while_for(&mut sinks, |sinks| !is_so(sinks), at_most);
        is_so(&sinks)
    }
}

impl OutputBackend for Recorder {
    fn ensure_channel(&self, _: &TaskId) {}

    fn sink_for(&self, task: &TaskId, attempt: u32) -> Arc<dyn SinkBackend> {
        let mut sinks = self.shared.sinks.lock();
        sinks.push(Written {
            task: task.as_str().to_owned(),
            attempt,
            ..Written::default()
        });
        Arc::new(Sink {
            shared: Arc::clone(&self.shared),
            at: sinks.len() - 1,
        })
    }

    fn announce_run_started(&self, _: &TaskId, _: u32) {}

    fn announce_run_finished(&self, _: &TaskId, _: u32, _: Option<i32>) {}

    fn evict(&self, _: &TaskId) {}

    fn active_channels(&self) -> usize {
        0
    }
}

/// The sink of one attempt.
struct Sink {
    shared: Arc<Shared>,
    at: usize,
}

impl Sink {
    fn take(&self, stream: StreamKind, cut: bool, parts: &[&[u8]]) -> Pressure {
        let hold_from = *self.shared.hold_from.lock();
        let mut sinks = self.shared.sinks.lock();
        let written = &mut sinks[self.at];
        written.calls += 1;
        written.cut += u64::from(cut);
        for part in parts {
            written.bytes += part.len() as u64;
            if written.held && hold_from.is_some() {
                written.unasked += part.len() as u64;
            }
            if stream == StreamKind::Stdout {
                let room = KEPT - written.stdout.len();
                written
                    .stdout
                    .extend_from_slice(&part[..part.len().min(room)]);
            }
        }
        let wait = hold_from.is_some_and(|from| written.bytes >= from);
        written.held |= wait;
        self.shared.more.notify_all();
        match wait {
            true => Pressure::Wait,
            false => Pressure::None,
        }
    }
}

impl SinkBackend for Sink {
    fn push(&self, stream: StreamKind, cut: bool, line: &[u8]) -> Pressure {
        self.take(stream, cut, &[line, b"\n"])
    }

    fn push_lines(&self, stream: StreamKind, text: &[u8], spans: &[[u32; 2]]) -> Pressure {
        let lines = spans.iter().flat_map(|[start, end]| {
            let line = text.get(*start as usize..*end as usize);
            [line.unwrap_or_default(), b"\n"]
        });
        self.take(stream, false, &lines.collect::<Vec<_>>())
    }

    fn write(&self, stream: StreamKind, block: Block<'_>) -> Pressure {
        self.take(stream, false, &[block.bytes])
    }

    fn ready(&self) -> Ready {
        let mut goes_on = self.shared.goes_on.subscribe();
        Box::pin(async move {
            // Without a recorder nobody holds it up either.
            let _ = goes_on.wait_for(|goes_on| *goes_on).await;
        })
    }

    fn wait_ready(&self, at_most: Duration) -> bool {
        let mut sinks = self.shared.sinks.lock();
        let holds = |_: &mut Vec<Written>| !*self.shared.goes_on.borrow();
        self.shared.more.wait_while_for(&mut sinks, holds, at_most);
        *self.shared.goes_on.borrow()
    }

    fn is_enabled(&self) -> bool {
        true
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.shared.sinks.lock()[self.at].closed = true;
        self.shared.more.notify_all();
    }
}
