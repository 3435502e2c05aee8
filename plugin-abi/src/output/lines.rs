//! Splits a byte stream into lines, a whole read at a time.

use std::io;

use memchr::memchr_iter;
use solti_model::StreamKind;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::assemble::DEFAULT_MAX_LINE_BYTES;
use super::backend::{Block, Pressure};
use super::sink::OutputSink;

/// Bytes asked of a reader at once: what a pipe holds on Linux.
const READ_BYTES: usize = 64 * 1024;

/// The bytes that are passed on at once, at most.
const PART_BYTES: usize = 1 << 20;

/// Passes the bytes of one stream on to an [`OutputSink`], with the positions of its lines.
///
/// The bytes reach the host exactly as they are. Whoever takes them as lines gets these: a line ends
/// at `\n` or `\r\n`, which are not part of it; a last line without an end counts; a line longer than
/// the limit is cut there and marked with `… [cut at N bytes]`, the rest of it is skipped and the
/// next line is whole.
///
/// Dropping it ends the stream as [`finish`](Self::finish) does: nothing is lost.
///
/// # Examples
///
/// ```
/// use solti_plugin_abi::{LineWriter, OutputRegistry};
/// use solti_model::{OutputEvent, StreamKind, TaskId};
///
/// let registry = OutputRegistry::default();
/// let sink = registry.sink_for(TaskId::from("task"), 1);
/// let mut lines = registry.subscribe(&TaskId::from("task")).expect("the sink made the channel");
///
/// let mut writer = LineWriter::new(sink, StreamKind::Stdout);
/// writer.write(b"one\r\ntw");
/// writer.write(b"o");
/// writer.finish();
///
/// for expected in ["one", "two"] {
///     match lines.try_recv() {
///         Ok(OutputEvent::Chunk(chunk)) => assert_eq!(chunk.line, expected),
///         other => panic!("{other:?}"),
///     }
/// }
/// ```
#[derive(Debug)]
pub struct LineWriter {
    sink: OutputSink,
    stream: StreamKind,
    max_line_bytes: u32,
    /// Positions of the line ends of the write under way.
    ends: Vec<u32>,
    finished: bool,
}

impl LineWriter {
    /// Makes a writer of `stream` with the default limit.
    #[must_use]
    pub fn new(sink: OutputSink, stream: StreamKind) -> Self {
        Self {
            sink,
            stream,
            max_line_bytes: DEFAULT_MAX_LINE_BYTES as u32,
            ends: Vec::new(),
            finished: false,
        }
    }

    /// Sets the longest line, in bytes without its end, that is passed on whole: 1 to `u32::MAX`, what
    /// is outside counts as the nearer of the two.
    #[must_use]
    pub fn with_max_line_bytes(mut self, max_line_bytes: usize) -> Self {
        self.max_line_bytes = u32::try_from(max_line_bytes).unwrap_or(u32::MAX).max(1);
        self
    }

    /// Takes the next bytes of the stream. Never blocks; the answer says whether the host wants the
    /// writer to wait for [`OutputSink::ready`].
    pub fn write(&mut self, bytes: &[u8]) -> Pressure {
        let mut pressure = Pressure::None;
        // Who reads keeps a bounded number of bytes, which a slice of any length fits in parts.
        for part in bytes.chunks(PART_BYTES) {
            self.ends.clear();
            // They fit: a part is short.
            self.ends
                .extend(memchr_iter(b'\n', part).map(|newline| (newline + 1) as u32));
            let block = Block::new(part, &self.ends).with_longest_line(self.max_line_bytes);
            pressure = self.sink.write(self.stream, block);
        }
        pressure
    }

    /// Where the lines go.
    #[must_use]
    pub fn sink(&self) -> &OutputSink {
        &self.sink
    }

    /// Ends the stream: a last line that has no end is one.
    pub fn finish(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if !std::mem::replace(&mut self.finished, true) {
            let block = Block::end().with_longest_line(self.max_line_bytes);
            self.sink.write(self.stream, block);
        }
    }

    /// Reads `reader` to its end and passes its bytes on, no faster than the host takes them.
    ///
    /// # Errors
    ///
    /// The reader's error; what was read before it has been passed on.
    ///
    /// # Cancellation
    ///
    /// Dropping the future loses nothing that was read.
    pub async fn copy_from(mut self, mut reader: impl AsyncRead + Unpin) -> io::Result<()> {
        // Memory that no read has reached is never touched: most streams are short or silent.
        let mut buffer = Vec::with_capacity(READ_BYTES);
        loop {
            buffer.clear();
            match reader.read_buf(&mut buffer).await {
                Ok(0) => return Ok(()),
                Ok(_) => {
                    if self.write(&buffer).is_wait() {
                        self.sink.ready().await;
                    }
                }
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
    }
}

impl Drop for LineWriter {
    fn drop(&mut self) {
        self.end();
    }
}
