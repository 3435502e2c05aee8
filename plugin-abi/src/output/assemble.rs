//! Lines of a stream that arrives in blocks: whole ones at once, one that is split over blocks when its
//! end has come.

use bytes::Bytes;

use super::backend::Block;
use super::text::{Lines, text_bytes};

/// The longest line, in bytes, that is passed on whole unless told otherwise: 64 KiB.
pub const DEFAULT_MAX_LINE_BYTES: usize = 64 * 1024;

/// The line of one stream whose end has not come yet.
#[derive(Debug, Default)]
pub(super) struct Open {
    /// Its beginning: at most one byte over the limit, which may turn out to be the `\r` of its end.
    kept: Vec<u8>,
    /// Whether it has bytes that are not in `kept`.
    cut: bool,
}

impl Open {
    /// The number of lines that a block completes.
    pub(super) fn lines_in(&self, block: &Block<'_>) -> u64 {
        let open_at_end = match block.ends.last() {
            Some(end) => (*end as usize) < block.bytes.len(),
            None => self.is_open() || !block.bytes.is_empty(),
        };
        block.ends.len() as u64 + u64::from(block.last && open_at_end)
    }

    fn is_open(&self) -> bool {
        self.cut || !self.kept.is_empty()
    }

    /// Follows a block that nobody takes: of an open line it is only known that there is one.
    pub(super) fn skip(&mut self, block: &Block<'_>) {
        if !block.ends.is_empty() {
            self.clear();
        }
        let rest = &block.bytes[last_end(block)..];
        self.cut |= !rest.is_empty();
        self.kept.clear();
        if block.last {
            self.clear();
        }
    }

    /// Hands every line that a block completes to `take`, in order, until it answers `false`; then the
    /// rest of the block is only followed.
    pub(super) fn take(&mut self, block: &Block<'_>, mut take: impl FnMut(Bytes) -> bool) {
        let most = match block.longest_line {
            0 => DEFAULT_MAX_LINE_BYTES,
            longest => longest as usize,
        };
        let mut start = 0;
        let mut spans: Vec<[u32; 2]> = Vec::with_capacity(block.ends.len());
        let mut wanted = true;
        for end in block.ends.iter().map(|end| *end as usize) {
            // A plugin says where lines end; what cannot be is no line.
            if end <= start || end > block.bytes.len() {
                continue;
            }
            let line = &block.bytes[start..end - 1];
            if self.is_open() {
                self.extend(line, most);
                wanted = wanted && take(self.close(most));
            } else {
                let whole = without_cr(line);
                if whole.len() > most {
                    wanted = wanted && each(block.bytes, &mut spans, &mut take);
                    wanted = wanted && take(cut(whole, most));
                } else {
                    // Both fit: a block has at most u32::MAX bytes.
                    spans.push([start as u32, (start + whole.len()) as u32]);
                }
            }
            start = end;
        }
        wanted = wanted && each(block.bytes, &mut spans, &mut take);
        self.extend(&block.bytes[start..], most);
        if block.last && self.is_open() {
            let line = self.close(most);
            if wanted {
                take(line);
            }
        }
    }

    fn extend(&mut self, bytes: &[u8], most: usize) {
        let room = (most + 1).saturating_sub(self.kept.len());
        self.cut |= bytes.len() > room;
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// The open line, as one that has ended.
    fn close(&mut self, most: usize) -> Bytes {
        let line = without_cr(&self.kept);
        let line = if self.cut || line.len() > most {
            cut(&self.kept, most)
        } else {
            text_bytes(line)
        };
        self.clear();
        line
    }

    fn clear(&mut self) {
        self.kept.clear();
        self.cut = false;
        // One long line is no reason to keep its memory.
        if self.kept.capacity() > 4096 {
            self.kept = Vec::new();
        }
    }
}

/// Hands out the whole lines found so far: they come before whatever is taken next.
fn each(text: &[u8], spans: &mut Vec<[u32; 2]>, take: &mut impl FnMut(Bytes) -> bool) -> bool {
    let all = Lines::new(text, spans).all(&mut *take);
    spans.clear();
    all
}

fn last_end(block: &Block<'_>) -> usize {
    let end = block.ends.last().map_or(0, |end| *end as usize);
    end.min(block.bytes.len())
}

/// The beginning of a line that is too long, marked as such.
fn cut(line: &[u8], most: usize) -> Bytes {
    let mut end = line.len().min(most);
    // Back to the start of a character, so that the cut itself makes no bad one.
    while end > 0 && end < line.len() && line[end] & 0b1100_0000 == 0b1000_0000 {
        end -= 1;
    }
    let mut marked = line[..end].to_vec();
    marked.extend_from_slice(format!("… [cut at {most} bytes]").as_bytes());
    text_bytes(&marked)
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
