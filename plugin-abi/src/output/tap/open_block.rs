//! A block that further pushes may go into.

use std::sync::Arc;
use std::time::SystemTime;

use solti_model::StreamKind;

use super::event::TapBlock;
use super::pushed::{Content, Pushed, Size, lines_within};

/// Up to so many bytes, pushes that follow each other go into one block.
const BLOCK_BYTES: usize = 64 << 10;

/// A block that further pushes may go into.
pub(super) struct OpenBlock {
    attempt: u32,
    stream: StreamKind,
    source: Option<Arc<str>>,
    first_line: u64,
    time: SystemTime,
    bytes: Vec<u8>,
    ends: Vec<u32>,
    implied_ends: bool,
    cut: bool,
    waits: u32,
    last: bool,
}

impl OpenBlock {
    /// Begins a block; one that is likely to be filled has the room for it at once.
    pub(super) fn begin(pushed: &Pushed<'_>, size: Size, is_likely_full: bool) -> Self {
        let size = if is_likely_full { in_full(size) } else { size };
        Self {
            attempt: pushed.attempt,
            stream: pushed.stream,
            source: pushed.source.cloned(),
            first_line: pushed.first_line,
            time: SystemTime::now(),
            bytes: Vec::with_capacity(size.bytes),
            ends: Vec::with_capacity(size.lines),
            implied_ends: pushed.implied_ends(),
            cut: false,
            waits: 0,
            last: false,
        }
    }

    pub(super) fn takes(&self, pushed: &Pushed<'_>, size: Size) -> bool {
        self.bytes.len() + size.bytes <= BLOCK_BYTES
            && self.is_of(pushed)
            && self.is_by(pushed)
            && self.implied_ends == pushed.implied_ends()
            // Threads that push at the same time come in another order than their numbers.
            && self.first_line + self.ends.len() as u64 == pushed.first_line
            && !self.cut
            && !self.last
    }

    pub(super) fn append(&mut self, pushed: &Pushed<'_>) {
        let before = self.bytes.len();
        match pushed.content {
            Content::Written { bytes, ends, last } => {
                self.bytes.extend_from_slice(bytes);
                self.last = last;
                let before = before as u32;
                // A plugin says where lines end; what cannot be is no end.
                let mut previous = 0;
                for end in ends.iter().copied() {
                    if end > previous && end as usize <= bytes.len() {
                        self.ends.push(before + end);
                        previous = end;
                    }
                }
            }
            Content::Line { line, cut } => {
                self.end_line(line);
                self.cut = cut;
            }
            Content::Lines { text, spans } => {
                lines_within(text, spans).for_each(|line| self.end_line(line));
            }
        }
    }

    /// Whether so much is in it that the next one is likely to be filled, too.
    pub(super) fn is_ample(&self) -> bool {
        self.bytes.len() > BLOCK_BYTES / 2
    }

    pub(super) fn is_of(&self, pushed: &Pushed<'_>) -> bool {
        self.attempt == pushed.attempt && self.stream == pushed.stream
    }

    fn is_by(&self, pushed: &Pushed<'_>) -> bool {
        match (&self.source, pushed.source) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        }
    }

    /// Its writer is told to wait.
    pub(super) fn note_wait(&mut self) {
        self.waits += 1;
    }

    /// Nothing of its stream follows.
    pub(super) fn end_stream(&mut self) {
        self.last = true;
    }

    fn end_line(&mut self, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.bytes.push(b'\n');
        self.ends.push(self.bytes.len() as u32);
    }

    pub(super) fn close(self) -> TapBlock {
        TapBlock {
            attempt: self.attempt,
            stream: self.stream,
            source: self.source,
            first_line: self.first_line,
            time: self.time,
            bytes: self.bytes.into(),
            ends: self.ends,
            implied_ends: self.implied_ends,
            cut: self.cut,
            waits: self.waits,
            last: self.last,
        }
    }
}

/// What a block takes when it is filled with pushes of this size.
fn in_full(push: Size) -> Size {
    let pushes = (BLOCK_BYTES / push.bytes.max(1)).max(1);
    Size {
        bytes: push.bytes * pushes,
        lines: push.lines * pushes,
    }
}
