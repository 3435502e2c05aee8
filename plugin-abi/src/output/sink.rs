//! Pushes the lines of one attempt.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use bytes::Bytes;
use solti_model::{OutputChunk, OutputEvent, StreamKind};
use tokio::sync::broadcast;

use super::channel::Channel;
use super::text::{Lines, checked, range_within};

/// The way to a sink in another library.
pub(crate) trait RemoteSink: Send + Sync {
    /// Pushes one line.
    fn push(&self, stream: StreamKind, line: &[u8]);
    /// Pushes the lines of `text` that `spans` delimit.
    fn push_lines(&self, stream: StreamKind, text: &[u8], spans: &[[u32; 2]]);
}

/// Writes the output lines of one attempt at one task.
///
/// Clones share their sequence numbers. Pushing never blocks: a subscriber that is too slow skips
/// lines and is told how many.
///
/// A line is text: where its bytes are not valid UTF-8, each bad sequence is replaced by U+FFFD. It
/// is the task's own text otherwise, escape sequences included.
#[derive(Clone)]
pub struct OutputSink {
    attempt: u32,
    target: Target,
}

#[derive(Clone)]
enum Target {
    Local(Arc<LocalSink>),
    Remote(Arc<dyn RemoteSink>),
}

impl fmt::Debug for OutputSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutputSink")
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

// A panic in the middle of a push leaves at most a number unused.
impl UnwindSafe for OutputSink {}
impl RefUnwindSafe for OutputSink {}

/// The sink on the side that owns the channel.
struct LocalSink {
    attempt: u32,
    channel: Arc<Channel>,
    /// The channel's own, at hand: each line is sent through it.
    sender: broadcast::Sender<OutputEvent>,
    stdout_seq: AtomicU64,
    stderr_seq: AtomicU64,
    /// Whether a send without receivers means that later lines need no work.
    may_skip: bool,
}

impl OutputSink {
    /// Makes a sink that sends into `sender`, its sequence numbers starting at 0.
    #[must_use]
    pub fn new(sender: broadcast::Sender<OutputEvent>, attempt: u32) -> Self {
        Self::local(attempt, Arc::new(Channel::around(sender)), false)
    }

    /// Makes a sink for a channel of a registry.
    pub(super) fn for_channel(channel: Arc<Channel>, attempt: u32) -> Self {
        Self::local(attempt, channel, true)
    }

    fn local(attempt: u32, channel: Arc<Channel>, may_skip: bool) -> Self {
        let sink = LocalSink {
            attempt,
            sender: channel.sender().clone(),
            channel,
            stdout_seq: AtomicU64::new(0),
            stderr_seq: AtomicU64::new(0),
            may_skip,
        };
        Self {
            attempt,
            target: Target::Local(Arc::new(sink)),
        }
    }

    /// Makes a sink that forwards to `remote`.
    pub(crate) fn remote(remote: Arc<dyn RemoteSink>, attempt: u32) -> Self {
        Self {
            attempt,
            target: Target::Remote(remote),
        }
    }

    /// Pushes one line of standard output, without its line end.
    pub fn stdout_line(&self, line: Bytes) {
        self.push_line(StreamKind::Stdout, line);
    }

    /// Pushes one line of standard error, without its line end.
    pub fn stderr_line(&self, line: Bytes) {
        self.push_line(StreamKind::Stderr, line);
    }

    fn push_line(&self, stream: StreamKind, line: Bytes) {
        match &self.target {
            Target::Local(sink) => sink.push_owned(stream, line),
            Target::Remote(sink) => sink.push(stream, &line),
        }
    }

    /// Pushes one line of `stream` from borrowed bytes, without its line end.
    ///
    /// The bytes are copied only when somebody listens.
    pub fn push(&self, stream: StreamKind, line: &[u8]) {
        match &self.target {
            Target::Local(sink) => sink.push_borrowed(stream, line),
            Target::Remote(sink) => sink.push(stream, line),
        }
    }

    /// Pushes many lines of `stream` at once: each span is the start and the end, in bytes of
    /// `text`, of one line without its line end.
    ///
    /// This is the cheap way across the plugin boundary. The lines get one time stamp. A span that
    /// does not lie within `text` is ignored. [`LineWriter`](super::LineWriter) produces the spans
    /// of a stream.
    pub fn push_lines(&self, stream: StreamKind, text: &[u8], spans: &[[u32; 2]]) {
        match &self.target {
            Target::Local(sink) => sink.push_lines(stream, text, spans),
            Target::Remote(sink) => sink.push_lines(stream, text, spans),
        }
    }

    /// The attempt this sink belongs to; the first is 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }
}

impl LocalSink {
    fn push_owned(&self, stream: StreamKind, line: Bytes) {
        let seq = self.take_seqs(stream, 1);
        if self.channel.is_listening() {
            // Reading the clock waits for all that was begun before it; the check goes on beside
            // what follows. The other way round a line takes a tenth longer.
            let ts = SystemTime::now();
            let line = checked(line);
            self.send(stream, seq, ts, line);
        }
    }

    fn push_borrowed(&self, stream: StreamKind, line: &[u8]) {
        if self.channel.is_listening() {
            self.push_owned(stream, Bytes::copy_from_slice(line));
        } else {
            self.take_seqs(stream, 1);
        }
    }

    fn push_lines(&self, stream: StreamKind, text: &[u8], spans: &[[u32; 2]]) {
        // Only what becomes a line takes a number: a gap would look like a lost line.
        let lines = spans
            .iter()
            .filter(|span| range_within(text, **span).is_some());
        let first = self.take_seqs(stream, lines.count() as u64);
        if !self.channel.is_listening() {
            return;
        }
        let ts = SystemTime::now();
        for (seq, line) in (first..).zip(Lines::new(text, spans)) {
            if !self.send(stream, seq, ts, line) {
                return;
            }
        }
    }

    /// Takes `count` numbers of the stream's sequence and returns the first.
    fn take_seqs(&self, stream: StreamKind, count: u64) -> u64 {
        let seq = match stream {
            StreamKind::Stdout => &self.stdout_seq,
            StreamKind::Stderr => &self.stderr_seq,
        };
        seq.fetch_add(count, Ordering::Relaxed)
    }

    /// Sends one chunk; `false` when the lines after it need not be sent either.
    fn send(&self, stream: StreamKind, seq: u64, ts: SystemTime, line: Bytes) -> bool {
        let chunk = OutputChunk {
            attempt: self.attempt,
            stream,
            seq,
            ts,
            line,
        };
        if self.sender.send(OutputEvent::Chunk(chunk)).is_ok() {
            return true;
        }
        self.nobody_received()
    }

    #[cold]
    fn nobody_received(&self) -> bool {
        if self.may_skip {
            self.channel.nobody_listens();
        }
        self.channel.is_listening()
    }
}
