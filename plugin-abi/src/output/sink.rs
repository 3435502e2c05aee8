//! Pushes the lines of one attempt.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use parking_lot::Mutex;
use solti_model::{OutputChunk, OutputEvent, StreamKind};
use tokio::sync::broadcast;

use super::assemble::Open;
use super::backend::{Block, Pressure, Ready, SinkBackend};
use super::channel::Channel;
use super::tap::{Content, Pushed};
use super::text::{Lines, checked, range_within};

/// Writes the output lines of one attempt at one task.
///
/// Clones share their sequence numbers. Pushing never blocks: a subscriber that is too slow skips
/// lines and is told how many; a reader that must lose nothing presses back, see [`Pressure`].
///
/// A line is text: where its bytes are not valid UTF-8, each bad sequence is replaced by U+FFFD. It
/// is the task's own text otherwise, escape sequences included.
#[derive(Clone)]
pub struct OutputSink {
    attempt: u32,
    source: Option<Arc<str>>,
    target: Target,
}

#[derive(Clone)]
enum Target {
    Local(Arc<LocalSink>),
    Backend(Arc<dyn SinkBackend>),
}

// A panic in the middle of a push leaves at most a number unused.
impl UnwindSafe for OutputSink {}
impl RefUnwindSafe for OutputSink {}

/// Who pushes, where that is said.
type Source<'a> = Option<&'a Arc<str>>;

/// The sink on the side that owns the channel.
struct LocalSink {
    attempt: u32,
    channel: Arc<Channel>,
    stdout: Stream,
    stderr: Stream,
    /// Whether a send without receivers means that later lines need no work.
    may_skip: bool,
}

/// One of the two streams of an attempt.
#[derive(Default)]
struct Stream {
    /// The number of the next line.
    seq: AtomicU64,
    /// The line that blocks have begun and not ended.
    open: Mutex<Open>,
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
        channel.taps.sink_made(attempt);
        let sink = LocalSink {
            attempt,
            channel,
            stdout: Stream::default(),
            stderr: Stream::default(),
            may_skip,
        };
        Self {
            attempt,
            source: None,
            target: Target::Local(Arc::new(sink)),
        }
    }

    /// Makes a sink in front of `backend`, for the attempt of this number.
    #[must_use]
    pub fn with_backend(backend: Arc<dyn SinkBackend>, attempt: u32) -> Self {
        Self {
            attempt,
            source: None,
            target: Target::Backend(backend),
        }
    }

    /// Says who writes through it and its clones: what a tap hands out names it as
    /// [`TapBlock::source`](super::TapBlock::source). A sink in front of a backend says nothing of it.
    #[must_use]
    pub fn with_source(mut self, source: Arc<str>) -> Self {
        self.source = Some(source);
        self
    }

    #[inline]
    fn by(&self) -> Source<'_> {
        self.source.as_ref()
    }

    /// Pushes one line of standard output, without its line end.
    #[inline]
    pub fn stdout_line(&self, line: Bytes) {
        self.push_line(StreamKind::Stdout, line);
    }

    /// Pushes one line of standard error, without its line end.
    #[inline]
    pub fn stderr_line(&self, line: Bytes) {
        self.push_line(StreamKind::Stderr, line);
    }

    #[inline]
    fn push_line(&self, stream: StreamKind, line: Bytes) {
        match &self.target {
            Target::Local(sink) => sink.push_owned(self.by(), stream, line),
            Target::Backend(sink) => {
                sink.push(stream, false, &line);
            }
        }
    }

    /// Pushes one line of `stream` from borrowed bytes, without its line end. Never blocks; the answer
    /// says whether the host wants the writer to wait for [`ready`](Self::ready).
    ///
    /// The bytes are copied only when somebody listens.
    #[inline]
    pub fn push(&self, stream: StreamKind, line: &[u8]) -> Pressure {
        match &self.target {
            Target::Local(sink) => sink.push_borrowed(self.by(), stream, line, false),
            Target::Backend(sink) => sink.push(stream, false, line),
        }
    }

    /// As [`push`](Self::push), for a line of which bytes were left out.
    #[inline]
    pub fn push_cut(&self, stream: StreamKind, line: &[u8]) -> Pressure {
        match &self.target {
            Target::Local(sink) => sink.push_borrowed(self.by(), stream, line, true),
            Target::Backend(sink) => sink.push(stream, true, line),
        }
    }

    /// Pushes many lines of `stream` at once: each span is the start and the end, in bytes of
    /// `text`, of one line without its line end. Never blocks; answers as [`push`](Self::push).
    ///
    /// The lines get one time stamp. A span that does not lie within `text` is ignored.
    #[inline]
    pub fn push_lines(&self, stream: StreamKind, text: &[u8], spans: &[[u32; 2]]) -> Pressure {
        match &self.target {
            Target::Local(sink) => sink.push_lines(self.by(), stream, text, spans),
            Target::Backend(sink) => sink.push_lines(stream, text, spans),
        }
    }

    /// Writes the next bytes of `stream` exactly as they are. Never blocks; answers as
    /// [`push`](Self::push).
    ///
    /// This is the cheap way across the plugin boundary. The lines that a block completes get one
    /// time stamp. [`LineWriter`](super::LineWriter) makes the blocks of a stream.
    #[inline]
    pub fn write(&self, stream: StreamKind, block: Block<'_>) -> Pressure {
        match &self.target {
            Target::Local(sink) => sink.write(self.by(), stream, &block),
            Target::Backend(sink) => sink.write(stream, block),
        }
    }

    /// Ends when the writer may go on: at once where nothing presses back.
    ///
    /// In a plugin it also ends when the attempt is cancelled, is over or out of time, and when the
    /// plugin shuts down, so that nothing waits for ever. A runner that is linked in waits beside its
    /// cancellation.
    pub async fn ready(&self) {
        match &self.target {
            Target::Local(sink) => sink.channel.taps.ready().await,
            Target::Backend(sink) => sink.ready().await,
        }
    }

    /// Blocks the calling thread until the writer may go on, `at_most` this long; whether it may.
    ///
    /// For threads of the runner's own: a worker of a runtime awaits [`ready`](Self::ready).
    #[must_use]
    pub fn wait_ready(&self, at_most: Duration) -> bool {
        match &self.target {
            Target::Local(sink) => {
                let far = Duration::from_secs(365 * 24 * 60 * 60);
                let until = Instant::now() + at_most.min(far);
                sink.channel.taps.wait_ready(until)
            }
            Target::Backend(sink) => sink.wait_ready(at_most),
        }
    }

    /// Whether anybody takes what is pushed now; a runner may save the work of making it.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        match &self.target {
            Target::Local(sink) => sink.is_heard(),
            Target::Backend(sink) => sink.is_enabled(),
        }
    }

    /// The future of [`ready`](Self::ready), which does not borrow the sink.
    pub fn ready_owned(&self) -> Ready {
        match &self.target {
            Target::Local(sink) => {
                let channel = Arc::clone(&sink.channel);
                Box::pin(async move { channel.taps.ready().await })
            }
            Target::Backend(sink) => sink.ready(),
        }
    }

    /// The attempt this sink belongs to; the first is 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }
}

impl fmt::Debug for OutputSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutputSink")
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

impl LocalSink {
    #[inline]
    fn push_owned(&self, by: Source<'_>, stream: StreamKind, line: Bytes) {
        let seq = self.take_seqs(stream, 1);
        if self.is_heard() {
            self.tap_line(by, stream, seq, &line, false);
            self.send_line(stream, seq, line);
        }
    }

    #[inline]
    fn push_borrowed(
        &self,
        by: Source<'_>,
        stream: StreamKind,
        line: &[u8],
        cut: bool,
    ) -> Pressure {
        let seq = self.take_seqs(stream, 1);
        if self.is_heard() {
            self.deliver(by, stream, seq, line, cut)
        } else {
            Pressure::None
        }
    }

    /// Whether anybody takes what is pushed: most tasks have no reader, and cost three loads here.
    #[inline]
    fn is_heard(&self) -> bool {
        self.channel.is_listening() || !self.channel.taps.is_empty()
    }

    /// Apart from the way of a line that nobody hears, which stays short.
    #[inline(never)]
    fn deliver(
        &self,
        by: Source<'_>,
        stream: StreamKind,
        seq: u64,
        line: &[u8],
        cut: bool,
    ) -> Pressure {
        let pressure = self.tap_line(by, stream, seq, line, cut);
        if self.channel.is_listening() {
            self.send_line(stream, seq, Bytes::copy_from_slice(line));
        }
        pressure
    }

    #[inline]
    fn tap_line(
        &self,
        by: Source<'_>,
        stream: StreamKind,
        seq: u64,
        line: &[u8],
        cut: bool,
    ) -> Pressure {
        self.tap(by, stream, seq, Content::Line { line, cut })
    }

    fn send_line(&self, stream: StreamKind, seq: u64, line: Bytes) {
        if self.channel.is_listening() {
            // Reading the clock waits for all that was begun before it; the check goes on beside
            // what follows. The other way round a line takes a tenth longer.
            let ts = SystemTime::now();
            let line = checked(line);
            self.send(stream, seq, ts, line);
        }
    }

    fn push_lines(
        &self,
        by: Source<'_>,
        stream: StreamKind,
        text: &[u8],
        spans: &[[u32; 2]],
    ) -> Pressure {
        // Only what becomes a line takes a number: a gap would look like a lost line.
        let lines = spans
            .iter()
            .filter(|span| range_within(text, **span).is_some());
        let first = self.take_seqs(stream, lines.count() as u64);
        let pressure = self.tap(by, stream, first, Content::Lines { text, spans });
        if !self.channel.is_listening() {
            return pressure;
        }
        let ts = SystemTime::now();
        for (seq, line) in (first..).zip(Lines::new(text, spans)) {
            if !self.send(stream, seq, ts, line) {
                break;
            }
        }
        pressure
    }

    fn write(&self, by: Source<'_>, stream: StreamKind, block: &Block<'_>) -> Pressure {
        // Blocks of one stream come one after the other; what makes a line of two is kept meanwhile.
        let mut open = self.stream(stream).open.lock();
        let mut seq = self.take_seqs(stream, open.lines_in(block));
        let pressure = self.tap(
            by,
            stream,
            seq,
            Content::Written {
                bytes: block.bytes,
                ends: block.ends,
                last: block.last,
            },
        );
        if !self.channel.is_listening() {
            open.skip(block);
            return pressure;
        }
        let ts = SystemTime::now();
        open.take(block, |line| {
            let sent = self.send(stream, seq, ts, line);
            seq += 1;
            sent
        });
        pressure
    }

    /// Hands output to the taps, if there are any.
    // Inlined, so that what is pushed is put together once: copying what was written just before waits for
    // it, and that takes as long as the lock of the tap.
    #[inline(always)]
    fn tap(
        &self,
        source: Source<'_>,
        stream: StreamKind,
        first_line: u64,
        content: Content<'_>,
    ) -> Pressure {
        self.channel.taps.push(&Pushed {
            source,
            attempt: self.attempt,
            stream,
            first_line,
            content,
        })
    }

    #[inline]
    fn stream(&self, stream: StreamKind) -> &Stream {
        match stream {
            StreamKind::Stdout => &self.stdout,
            StreamKind::Stderr => &self.stderr,
        }
    }

    /// Takes `count` numbers of the stream's sequence and returns the first.
    #[inline]
    fn take_seqs(&self, stream: StreamKind, count: u64) -> u64 {
        self.stream(stream).seq.fetch_add(count, Ordering::Relaxed)
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
        let sender = self.channel.sender();
        if sender.is_some_and(|sender| sender.send(OutputEvent::Chunk(chunk)).is_ok()) {
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

impl Drop for LocalSink {
    fn drop(&mut self) {
        self.channel.taps.sink_gone(self.attempt);
    }
}
