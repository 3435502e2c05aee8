//! What is wrong in a sidecar, and where.

use solti_plugin_abi::text::{escape_bytes, shorten};
use toml::Spanned;

/// How much of a line is shown, in bytes.
const LONGEST_LINE: usize = 80;

/// What is wrong in a sidecar.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Where, in bytes from its start.
    pub(super) at: usize,
    pub(super) reason: String,
}

/// Where something is in a file, as an editor has it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// From 1.
    pub(super) line: usize,
    /// In characters, from 1.
    pub(super) column: usize,
    /// The line itself, fit to print; empty where it is blank.
    pub(super) text: String,
}

impl Fault {
    pub(super) fn new(at: &Spanned<impl Sized>, reason: String) -> Self {
        let at = at.span().start;
        Self { at, reason }
    }
}

impl Place {
    /// The place so many bytes behind the start of `source`.
    pub(super) fn of(at: usize, source: &[u8]) -> Self {
        let at = at.min(source.len());
        let (before, behind) = source.split_at(at);
        let mark = if source.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len()
        } else {
            0
        };
        let is_end = |byte: &u8| *byte == b'\n';
        let begin = before.iter().rposition(is_end).map_or(mark, |end| end + 1);
        let end = behind.iter().position(is_end).unwrap_or(behind.len());
        let line = source.get(begin..at + end).unwrap_or_default();
        let left = source.get(begin..at).unwrap_or_default();
        let text = escape_bytes(line.trim_ascii()).into_owned();
        Self {
            line: 1 + before.iter().filter(|byte| is_end(byte)).count(),
            column: 1 + String::from_utf8_lossy(left).chars().count(),
            text: shorten(&text, LONGEST_LINE).into_owned(),
        }
    }
}

/// What Windows programs put in front of UTF-8; it is no part of the text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_where_an_editor_has_it() {
        let place = |at, source: &[u8]| {
            let Place { line, column, text } = Place::of(at, source);
            (line, column, text)
        };
        let source = "a = 1\r\n\tä = \u{1b}x\n".as_bytes();
        assert_eq!(place(0, source), (1, 1, "a = 1".to_owned()));
        assert_eq!(place(10, source), (2, 3, "ä = \\u{1b}x".to_owned()));
        assert_eq!(place(100, source), (3, 1, String::new()));
        // A mark that nobody sees is not counted.
        assert_eq!(place(3, b"\xef\xbb\xbfa"), (1, 1, "a".to_owned()));
        assert_eq!(place(0, b"\xef\xbb\xbfa"), (1, 1, "a".to_owned()));
        assert_eq!(place(1, b"a\xffb"), (1, 2, "a\\xffb".to_owned()));
        let long = "x".repeat(1 << 16);
        assert!(place(0, long.as_bytes()).2.len() <= LONGEST_LINE);
    }
}
