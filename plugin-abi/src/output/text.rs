//! Lines as subscribers get them: UTF-8, in buffers of their own.

use std::ops::Range;

use bytes::Bytes;

/// Bytes that neighbouring lines of a block share one buffer for.
///
/// One buffer for a whole block would be copied with less, but every line of it counts in one place
/// who still holds it, and there the sink and its subscribers would wait for each other; and one line
/// that is kept would keep the block. One buffer for each line is an allocation each.
const SHARED_BYTES: usize = 8 * 1024;

/// The lines of a block, in the order of their spans; a span that is not within the text is left out.
pub(super) struct Lines<'a> {
    text: &'a [u8],
    /// The same, where all of it is UTF-8.
    checked: Option<&'a str>,
    spans: &'a [[u32; 2]],
    /// A copy of a part of the text, and where that part begins.
    copy: Bytes,
    copied: Range<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a [u8], spans: &'a [[u32; 2]]) -> Self {
        Self {
            text,
            // One check for the whole block.
            checked: std::str::from_utf8(text).ok(),
            spans,
            copy: Bytes::new(),
            copied: 0..0,
        }
    }

    fn line(&mut self, range: Range<usize>) -> Bytes {
        match self.checked {
            Some(text)
                if text.is_char_boundary(range.start) && text.is_char_boundary(range.end) =>
            {
                self.shared(range)
            }
            _ => text_bytes(&self.text[range]),
        }
    }

    fn shared(&mut self, range: Range<usize>) -> Bytes {
        if range.start < self.copied.start || range.end > self.copied.end {
            self.copied = self.to_copy(&range);
            self.copy = Bytes::copy_from_slice(&self.text[self.copied.clone()]);
        }
        let start = self.copied.start;
        self.copy.slice(range.start - start..range.end - start)
    }

    /// The part of the text that is copied for a line and those after it.
    fn to_copy(&self, line: &Range<usize>) -> Range<usize> {
        let limit = line.start + SHARED_BYTES;
        let mut end = line.end;
        for span in self.spans {
            match range_within(self.text, *span) {
                Some(next) if next.start >= line.start && next.end <= limit => {
                    end = end.max(next.end);
                }
                _ => break,
            }
        }
        line.start..end
    }
}

impl Iterator for Lines<'_> {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        loop {
            let (span, rest) = self.spans.split_first()?;
            self.spans = rest;
            if let Some(range) = range_within(self.text, *span) {
                return Some(self.line(range));
            }
        }
    }
}

/// The bytes of `text` that a span stands for; `None` when it does not lie within.
pub(super) fn range_within(text: &[u8], [start, end]: [u32; 2]) -> Option<Range<usize>> {
    let range = start as usize..end as usize;
    (range.start <= range.end && range.end <= text.len()).then_some(range)
}

/// Replaces what is not UTF-8 in a line.
pub(super) fn checked(line: Bytes) -> Bytes {
    if is_text(&line) {
        return line;
    }
    replaced(&line)
}

/// Copies a line, replacing what is not UTF-8.
pub(super) fn text_bytes(line: &[u8]) -> Bytes {
    if is_text(line) {
        return Bytes::copy_from_slice(line);
    }
    replaced(line)
}

/// Most lines are ASCII, which is seen in a third of the time.
fn is_text(line: &[u8]) -> bool {
    line.is_ascii() || std::str::from_utf8(line).is_ok()
}

/// Not the way of a good line: looking for each bad sequence costs more than seeing that there is
/// none.
#[cold]
fn replaced(line: &[u8]) -> Bytes {
    Bytes::from(String::from_utf8_lossy(line).into_owned())
}
