//! What a writer pushes, before it is kept.

use std::sync::Arc;

use solti_model::StreamKind;

/// What a writer pushes.
#[derive(Clone, Copy)]
pub(in crate::output) struct Pushed<'a> {
    /// Who pushes, where that is said.
    pub(in crate::output) source: Option<&'a Arc<str>>,
    pub(in crate::output) attempt: u32,
    pub(in crate::output) stream: StreamKind,
    pub(in crate::output) first_line: u64,
    pub(in crate::output) content: Content<'a>,
}

/// The bytes of a push.
#[derive(Clone, Copy)]
pub(in crate::output) enum Content<'a> {
    /// As they were written, with the positions after the line ends.
    Written {
        bytes: &'a [u8],
        ends: &'a [u32],
        /// Nothing follows on this stream.
        last: bool,
    },
    /// One line without its end.
    Line { line: &'a [u8], cut: bool },
    /// Lines without their ends.
    Lines {
        text: &'a [u8],
        spans: &'a [[u32; 2]],
    },
}

/// How much a push is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Size {
    pub(super) bytes: usize,
    pub(super) lines: usize,
}

impl Size {
    /// This and a line, whose end is put in.
    fn with(self, line: &[u8]) -> Self {
        Self {
            bytes: self.bytes + line.len() + 1,
            lines: self.lines + 1,
        }
    }
}

impl Pushed<'_> {
    /// What it takes in a block.
    pub(super) fn size(&self) -> Size {
        match self.content {
            Content::Written { bytes, ends, .. } => Size {
                bytes: bytes.len(),
                lines: ends.len(),
            },
            Content::Line { line, .. } => Size::default().with(line),
            Content::Lines { text, spans } => {
                lines_within(text, spans).fold(Size::default(), Size::with)
            }
        }
    }

    /// Whether it says that its stream ends.
    pub(super) fn is_last(&self) -> bool {
        matches!(self.content, Content::Written { last: true, .. })
    }

    pub(super) fn implied_ends(&self) -> bool {
        !matches!(self.content, Content::Written { .. })
    }
}

/// The lines that spans delimit, in order: one that begins before the one before it ends is none.
pub(super) fn lines_within<'a>(
    text: &'a [u8],
    spans: &'a [[u32; 2]],
) -> impl Iterator<Item = &'a [u8]> {
    let mut free = 0;
    spans.iter().filter_map(move |[start, end]| {
        let (start, end) = (*start as usize, *end as usize);
        let line = text.get(start..end).filter(|_| start >= free)?;
        free = end;
        Some(line)
    })
}
