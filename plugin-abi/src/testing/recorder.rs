//! Keeps everything that a task writes, in order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use solti_model::{StreamKind, TaskId};
use tokio_util::sync::CancellationToken;

use super::event::{Event, Line};
use super::flow::Flow;
use crate::output::{Block, OutputBackend, Pressure, Ready, SinkBackend};

/// Keeps everything that a task writes, and cancels it at a line.
#[derive(Debug)]
pub(super) struct Recorder {
    pub(super) flow: Flow,
    state: Mutex<State>,
    /// The text at which the task is cancelled, and what cancels it.
    cancel_at: Option<(String, CancellationToken)>,
}

/// Attempt and stream: 1 for standard output, 2 for standard error.
type Key = (u32, u8);

#[derive(Debug, Default)]
struct State {
    events: Vec<Event>,
    /// The bytes of each stream of each attempt.
    bytes: BTreeMap<Key, Vec<u8>>,
    /// Where a line begins that has no end yet.
    open: BTreeMap<Key, usize>,
}

impl Recorder {
    pub(super) fn new(flow: Flow, cancel_at: Option<(String, CancellationToken)>) -> Self {
        Self {
            flow,
            state: Mutex::default(),
            cancel_at,
        }
    }

    pub(super) fn note(&self, event: Event) {
        self.state.lock().events.push(event);
    }

    pub(super) fn take_events(&self) -> Vec<Event> {
        std::mem::take(&mut self.state.lock().events)
    }

    /// The bytes of one stream of all attempts, one after the other.
    pub(super) fn bytes(&self, stream: StreamKind) -> Vec<u8> {
        let state = self.state.lock();
        let of = state
            .bytes
            .iter()
            .filter(|((_, of), _)| *of == code(stream));
        of.flat_map(|(_, bytes)| bytes.iter().copied()).collect()
    }

    /// Takes the next bytes of a stream, and the lines that end in them.
    fn take(&self, attempt: u32, stream: StreamKind, block: &Block<'_>) {
        let key = (attempt, code(stream));
        let mut state = self.state.lock();
        let State {
            events,
            bytes,
            open,
        } = &mut *state;
        let written = bytes.entry(key).or_default();
        let open = open.entry(key).or_default();
        let begin = written.len();
        written.extend_from_slice(block.bytes);
        let ends = block.ends.iter().map(|end| begin + *end as usize);
        // What has no line end when the stream ends is a line.
        let last = block.last.then_some(written.len());
        for end in ends.chain(last) {
            if end > *open {
                let line = &written[*open..end];
                let line = line.strip_suffix(b"\n").unwrap_or(line);
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                *open = end;
                self.push(events, attempt, stream, line, false);
            }
        }
    }

    fn push(
        &self,
        events: &mut Vec<Event>,
        attempt: u32,
        stream: StreamKind,
        line: &[u8],
        cut: bool,
    ) {
        let text = String::from_utf8_lossy(line).into_owned();
        let is_end = |(part, _): &&(String, _)| text.contains(part.as_str());
        let cancel = self.cancel_at.as_ref().filter(is_end);
        events.push(Event::Line(Line {
            attempt,
            stream,
            text,
            cut,
        }));
        if let Some((_, cancel)) = cancel
            && !cancel.is_cancelled()
        {
            events.push(Event::Cancelled);
            cancel.cancel();
        }
    }
}

fn code(stream: StreamKind) -> u8 {
    match stream {
        StreamKind::Stdout => 1,
        StreamKind::Stderr => 2,
    }
}

/// Where a recorder is a registry.
pub(super) struct Registry(pub(super) Arc<Recorder>);

impl OutputBackend for Registry {
    fn ensure_channel(&self, _: &TaskId) {}

    fn sink_for(&self, _: &TaskId, attempt: u32) -> Arc<dyn SinkBackend> {
        let recorder = Arc::clone(&self.0);
        Arc::new(Sink { recorder, attempt })
    }

    fn announce_run_started(&self, _: &TaskId, _: u32) {}

    fn announce_run_finished(&self, _: &TaskId, _: u32, _: Option<i32>) {}

    fn evict(&self, _: &TaskId) {}

    fn active_channels(&self) -> usize {
        1
    }
}

struct Sink {
    recorder: Arc<Recorder>,
    attempt: u32,
}

impl SinkBackend for Sink {
    fn push(&self, stream: StreamKind, cut: bool, line: &[u8]) -> Pressure {
        let recorder = &self.recorder;
        let key = (self.attempt, code(stream));
        let mut state = recorder.state.lock();
        let State {
            events,
            bytes,
            open,
        } = &mut *state;
        let written = bytes.entry(key).or_default();
        written.extend_from_slice(line);
        written.push(b'\n');
        open.insert(key, written.len());
        recorder.push(events, self.attempt, stream, line, cut);
        drop(state);
        recorder.flow.pushed(line.len() + 1)
    }

    fn push_lines(&self, stream: StreamKind, text: &[u8], spans: &[[u32; 2]]) -> Pressure {
        let mut pressure = Pressure::None;
        for [from, to] in spans {
            let line = text.get(*from as usize..*to as usize).unwrap_or_default();
            pressure = self.push(stream, false, line);
        }
        pressure
    }

    fn write(&self, stream: StreamKind, block: Block<'_>) -> Pressure {
        self.recorder.take(self.attempt, stream, &block);
        self.recorder.flow.pushed(block.bytes.len())
    }

    fn ready(&self) -> Ready {
        self.recorder.flow.ready()
    }

    fn wait_ready(&self, at_most: Duration) -> bool {
        self.recorder.flow.wait_ready(at_most)
    }

    fn is_enabled(&self) -> bool {
        true
    }
}
