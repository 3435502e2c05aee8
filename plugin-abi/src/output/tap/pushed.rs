//! What a writer pushes, before it is kept.

use solti_model::StreamKind;

/// What a writer pushes.
#[derive(Clone, Copy)]
pub(in crate::output) struct Pushed<'a> {
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

impl Pushed<'_> {
    /// Its length in a block.
    pub(super) fn len(&self) -> usize {
        match self.content {
            Content::Written { bytes, .. } => bytes.len(),
            Content::Line { line, .. } => line.len() + 1,
            Content::Lines { text, spans } => {
                lines_within(text, spans).map(|line| line.len() + 1).sum()
            }
        }
    }

    pub(super) fn lines(&self) -> u64 {
        match self.content {
            Content::Written { ends, .. } => ends.len() as u64,
            Content::Line { .. } => 1,
            Content::Lines { text, spans } => lines_within(text, spans).count() as u64,
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
