//! Finds the lines in what a process writes, for readers that take lines only.

use memchr::memchr_iter;

/// The longest line that is passed on whole, in bytes, where its writer does not say: that of a sink of the
/// contract.
const LONGEST_LINE: usize = solti_plugin_host::DEFAULT_MAX_LINE_BYTES;

/// The line of one stream that has begun and not ended.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    open: Vec<u8>,
    /// Whether bytes of the open line were left out.
    cut: bool,
}

impl Lines {
    /// Takes the next bytes of the stream, and hands over each line that they end, without its end, and
    /// whether bytes of it were left out.
    pub(crate) fn take(
        &mut self,
        bytes: &[u8],
        longest: u32,
        last: bool,
        mut line: impl FnMut(&[u8], bool),
    ) {
        let longest = match longest {
            0 => LONGEST_LINE,
            longest => longest as usize,
        };
        let mut begin = 0;
        for end in memchr_iter(b'\n', bytes) {
            let piece = &bytes[begin..end];
            begin = end + 1;
            if self.open.is_empty() && !self.cut && piece.len() <= longest {
                line(without_return(piece), false);
                continue;
            }
            self.keep(piece, longest);
            line(without_return(&self.open), self.cut);
            self.open.clear();
            self.cut = false;
        }
        self.keep(&bytes[begin..], longest);
        if last && (!self.open.is_empty() || self.cut) {
            line(&self.open, self.cut);
            self.open.clear();
            self.cut = false;
        }
    }

    fn keep(&mut self, piece: &[u8], longest: usize) {
        let room = longest.saturating_sub(self.open.len());
        self.cut |= piece.len() > room;
        self.open.extend_from_slice(&piece[..piece.len().min(room)]);
    }
}

/// A line without the carriage return before its end.
fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_comes_in_pieces_is_one_and_a_long_one_is_cut() {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        for (bytes, last) in [
            (&b"one\r\ntw"[..], false),
            (b"o\n\nlong", false),
            (b"er than eight\nlast", false),
            (b"", true),
        ] {
            lines.take(bytes, 8, last, |line, cut| {
                found.push((String::from_utf8_lossy(line).into_owned(), cut));
            });
        }
        let expected = [
            ("one", false),
            ("two", false),
            ("", false),
            ("longer t", true),
            ("last", false),
        ];
        assert_eq!(found, expected.map(|(line, cut)| (line.to_owned(), cut)));
    }
}
