//! Splits a byte stream into lines, a whole read at a time.

use std::{fmt, io};

use memchr::memchr_iter;
use solti_model::StreamKind;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::sink::OutputSink;

/// The longest line, in bytes, that a [`LineWriter`] passes on whole unless told otherwise: 64 KiB.
pub const DEFAULT_MAX_LINE_BYTES: usize = 64 * 1024;

/// Bytes asked of a reader at once: what a pipe holds on Linux.
const READ_BYTES: usize = 64 * 1024;

/// Turns the bytes of one stream into lines of an [`OutputSink`].
///
/// A line ends at `\n` or `\r\n`, which are not part of it; a last line without an end counts. A
/// line longer than the limit is cut there and marked with `… [cut at N bytes]`; the rest of it is
/// skipped, and the next line is whole. Nothing here blocks: lines go to the sink as they come.
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
pub struct LineWriter {
    sink: OutputSink,
    stream: StreamKind,
    max_line_bytes: usize,
    /// The beginning of a line whose end has not come yet: at most one byte over the limit, which
    /// may turn out to be the `\r` of its line end.
    partial: Vec<u8>,
    /// Whether bytes of that line were left out of `partial`.
    partial_is_cut: bool,
    /// The whole lines of the write under way.
    spans: Vec<[u32; 2]>,
}

impl LineWriter {
    /// Makes a writer of `stream` with the default limit.
    #[must_use]
    pub fn new(sink: OutputSink, stream: StreamKind) -> Self {
        Self {
            sink,
            stream,
            max_line_bytes: DEFAULT_MAX_LINE_BYTES,
            partial: Vec::new(),
            partial_is_cut: false,
            spans: Vec::new(),
        }
    }

    /// Sets the length of the longest line, in bytes without its end, that is passed on whole.
    ///
    /// That many bytes are kept of a line that has not ended yet.
    #[must_use]
    pub fn with_max_line_bytes(mut self, max_line_bytes: usize) -> Self {
        self.max_line_bytes = max_line_bytes;
        self
    }

    /// Takes the next bytes of the stream and pushes the lines they complete.
    pub fn write(&mut self, bytes: &[u8]) {
        // Spans are 32-bit; nobody reads that much at once, but a slice may be that long.
        for part in bytes.chunks(u32::MAX as usize) {
            self.write_part(part);
        }
    }

    fn write_part(&mut self, bytes: &[u8]) {
        let mut start = 0;
        for newline in memchr_iter(b'\n', bytes) {
            let line = start..newline;
            start = newline + 1;
            if !self.partial.is_empty() || self.partial_is_cut {
                self.extend_partial(&bytes[line]);
                self.push_partial();
                continue;
            }
            let end = line.start + without_cr(&bytes[line.clone()]).len();
            if end - line.start > self.max_line_bytes {
                self.push_spans(bytes);
                self.push_cut(&bytes[line.start..end]);
            } else {
                // Both fit: `write` hands over at most u32::MAX bytes.
                self.spans.push([line.start as u32, end as u32]);
            }
        }
        self.push_spans(bytes);
        self.extend_partial(&bytes[start..]);
    }

    /// Pushes a last line that has no end.
    pub fn finish(mut self) {
        if !self.partial.is_empty() || self.partial_is_cut {
            self.push_partial();
        }
    }

    /// Reads `reader` to its end and pushes its lines, the last one included.
    ///
    /// # Errors
    ///
    /// The reader's error; the lines read before it have been pushed.
    ///
    /// # Cancellation
    ///
    /// Dropping the future loses at most a last line whose end has not been read.
    pub async fn copy_from(mut self, mut reader: impl AsyncRead + Unpin) -> io::Result<()> {
        // Memory that no read has reached is never touched: most streams are short or silent.
        let mut buffer = Vec::with_capacity(READ_BYTES);
        loop {
            buffer.clear();
            match reader.read_buf(&mut buffer).await {
                Ok(0) => break,
                Ok(_) => self.write(&buffer),
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => {
                    self.finish();
                    return Err(err);
                }
            }
        }
        self.finish();
        Ok(())
    }

    fn extend_partial(&mut self, bytes: &[u8]) {
        let room = (self.max_line_bytes + 1).saturating_sub(self.partial.len());
        self.partial_is_cut |= bytes.len() > room;
        self.partial
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn push_partial(&mut self) {
        let partial = std::mem::take(&mut self.partial);
        let line = without_cr(&partial);
        if self.partial_is_cut || line.len() > self.max_line_bytes {
            self.push_cut(&partial);
        } else {
            self.sink.push(self.stream, line);
        }
        self.partial_is_cut = false;
        self.partial = partial;
        self.partial.clear();
    }

    /// Pushes the lines found so far in `bytes`: they come before whatever is pushed next.
    fn push_spans(&mut self, bytes: &[u8]) {
        if !self.spans.is_empty() {
            self.sink.push_lines(self.stream, bytes, &self.spans);
            self.spans.clear();
        }
    }

    fn push_cut(&self, line: &[u8]) {
        let mut end = line.len().min(self.max_line_bytes);
        // Back to the start of a character, so that the cut itself makes no bad one.
        while end > 0 && end < line.len() && line[end] & 0b1100_0000 == 0b1000_0000 {
            end -= 1;
        }
        let mut marked = line[..end].to_vec();
        marked.extend_from_slice(format!("… [cut at {} bytes]", self.max_line_bytes).as_bytes());
        self.sink.push(self.stream, &marked);
    }
}

impl fmt::Debug for LineWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineWriter")
            .field("sink", &self.sink)
            .field("stream", &self.stream)
            .field("max_line_bytes", &self.max_line_bytes)
            .field("partial_bytes", &self.partial.len())
            .finish_non_exhaustive()
    }
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
