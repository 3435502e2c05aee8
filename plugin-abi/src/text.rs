//! Makes the text of files, plugins and other programs fit for a line that a person reads.
//!
//! The symbols of a damaged file, the name of a plugin, the error of a program that a runner has
//! started: each can be any text at all. Printed as it is, it can move a terminal's cursor, forge a
//! second line of a log, or read as something that it is not. All such text goes through here, in
//! the host and in plugins, so that there is one rule:
//!
//! | what | becomes |
//! |---|---|
//! | control characters (C0, DEL, C1), tabs and line breaks among them | `\n`, `\t`, `\u{1b}` |
//! | the line and paragraph separators U+2028 and U+2029 | `\u{2028}` |
//! | what turns the direction of the text behind it (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069) | `\u{202e}` |
//! | characters without a width (U+200B to U+200D, U+2060 to U+2064, U+FEFF, and their kin) | `\u{200b}` |
//! | bytes that are not UTF-8 | `\xff` |
//! | everything else | itself |
//!
//! A plugin's author needs it for what a runner quotes in an error or in a line of output. What goes
//! through `tracing` or `log` needs nothing: the loader's default log applies the rule to all of it.
//!
//! ```
//! use solti_plugin_abi::prelude::*;
//! use solti_plugin_abi::text;
//!
//! /// The program's last words, which it chose itself, as the reason of a failed attempt.
//! fn failed(stderr: &str) -> TaskError {
//!     TaskError::Fail {
//!         reason: text::shorten(&text::one_line(stderr), 1024).into_owned(),
//!         exit_code: Some(1),
//!     }
//! }
//! # let TaskError::Fail { reason, .. } = failed("no\nspace\n") else { panic!() };
//! # assert_eq!(reason, "no / space");
//! ```

pub mod mismatch;

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character would act on the terminal or on the text around it instead of showing.
fn acts(char: char) -> bool {
    code_acts(char as u32)
}

const fn code_acts(code: u32) -> bool {
    matches!(
        code,
        0..=0x1f | 0x7f..=0x9f
            | 0xad | 0x34f | 0x61c | 0x180e
            | 0x200b..=0x200f
            | 0x2028..=0x202e
            | 0x2060..=0x206f
            | 0xfeff
            | 0xfff9..=0xfffb
            | 0xe0000..=0xe007f
    )
}

/// Returns whether [`escape`] would leave the text as it is.
///
/// For a name that is refused rather than written out; `export_plugin!` asks it in a constant.
///
/// ```
/// use solti_plugin_abi::text::is_plain;
///
/// assert!(is_plain("plain ä"));
/// const { assert!(!is_plain("a\u{202e}b")) };
/// ```
#[must_use]
pub const fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let lead = bytes[at] as u32;
        // A text is whole UTF-8, so the bytes that a first one announces are there.
        let (code, len) = match lead {
            0..0x80 => (lead, 1),
            0x80..0xe0 => (lead & 0x1f, 2),
            0xe0..0xf0 => (lead & 0x0f, 3),
            _ => (lead & 0x07, 4),
        };
        let mut code = code;
        let end = at + len;
        at += 1;
        while at < end {
            code = code << 6 | (bytes[at] & 0x3f) as u32;
            at += 1;
        }
        if code_acts(code) {
            return false;
        }
    }
    true
}

/// Writes out every character that acts instead of showing; the text stays on its line.
///
/// For a name, or any text whose parts must stay apart. Borrowed where nothing has to be written
/// out.
///
/// ```
/// use solti_plugin_abi::text::escape;
///
/// assert_eq!(escape("plain ä"), "plain ä");
/// assert_eq!(escape("a\u{1b}[2J\nb\u{202e}c"), "a\\u{1b}[2J\\nb\\u{202e}c");
/// ```
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        if acts(char) {
            escaped.extend(char.escape_default());
        } else {
            escaped.push(char);
        }
    }
    Cow::Owned(escaped)
}

/// Does the same for bytes that may not be text, such as a file name: what is not UTF-8 becomes
/// `\xff`.
///
/// ```
/// use solti_plugin_abi::text::escape_bytes;
///
/// assert_eq!(escape_bytes(b"a\xffb\n"), "a\\xffb\\n");
/// ```
#[must_use]
pub fn escape_bytes(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = str::from_utf8(bytes) {
        return escape(text);
    }
    let mut escaped = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        escaped.push_str(&escape(chunk.valid()));
        // Writing into a String cannot fail.
        let _ = write!(escaped, "{}", chunk.invalid().escape_ascii());
    }
    Cow::Owned(escaped)
}

/// Turns a message of several lines into one: its lines, without the space at their ends, joined by
/// ` / ` and escaped as by [`escape`].
///
/// For what a program or a plugin says in sentences.
///
/// ```
/// use solti_plugin_abi::text::one_line;
///
/// assert_eq!(one_line("it broke:\r\n  no \u{1b}[31mfile\n\n"), "it broke: /   no \\u{1b}[31mfile");
/// ```
#[must_use]
pub fn one_line(text: &str) -> Cow<'_, str> {
    let text = text.trim_end();
    if !text.contains('\n') {
        return escape(text);
    }
    let mut joined = String::with_capacity(text.len() + 16);
    for (index, line) in text.lines().map(str::trim_end).enumerate() {
        if index > 0 {
            joined.push_str(" / ");
        }
        joined.push_str(&escape(line));
    }
    Cow::Owned(joined)
}

/// Shortens a text to at most `max_bytes`: its beginning and its end, with ` … ` for what is left out
/// between them.
///
/// An error begins with what failed and ends with why. A limit of fewer than 16 bytes counts as 16.
///
/// ```
/// use solti_plugin_abi::text::shorten;
///
/// assert_eq!(shorten("short", 16), "short");
/// assert_eq!(shorten("what failed is far from why", 24), "what fail …  from why");
/// ```
#[must_use]
pub fn shorten(text: &str, max_bytes: usize) -> Cow<'_, str> {
    /// What stands for the rest.
    const CUT: &str = " … ";
    let max_bytes = max_bytes.max(16);
    if text.len() <= max_bytes {
        return Cow::Borrowed(text);
    }
    let half = (max_bytes - CUT.len()) / 2;
    let is_whole = |at: &usize| text.is_char_boundary(*at);
    let head = (0..=half).rev().find(is_whole).unwrap_or(0);
    let tail = (text.len() - half..text.len())
        .find(is_whole)
        .unwrap_or(text.len());
    Cow::Owned(format!("{}{CUT}{}", &text[..head], &text[tail..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_acts_on_the_terminal_that_shows_it() {
        assert_eq!(
            escape("as \u{e4}lways \u{1f980}"),
            "as \u{e4}lways \u{1f980}"
        );
        assert_eq!(
            escape("a\u{1b}[2J\u{0}\u{7f}\u{85}\u{9b}b\t\r\n"),
            "a\\u{1b}[2J\\u{0}\\u{7f}\\u{85}\\u{9b}b\\t\\r\\n"
        );
    }

    #[test]
    fn what_is_plain_in_a_constant_is_what_nothing_is_written_out_of() {
        const { assert!(is_plain("plain \u{e4}\u{5927}\u{1f980}") && !is_plain("a\u{202e}b")) };
        for char in '\0'..=char::MAX {
            let text = format!("a{char}b");
            assert_eq!(is_plain(&text), escape(&text) == text, "{char:?}");
        }
    }

    #[test]
    fn no_text_reads_as_another_one() {
        for char in ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}') {
            let hidden = format!("a{char}b");
            assert_eq!(escape(&hidden), format!("a\\u{{{:x}}}b", u32::from(char)));
        }
        assert_eq!(
            escape("a\u{200b}\u{200d}\u{2060}\u{feff}\u{ad}b"),
            "a\\u{200b}\\u{200d}\\u{2060}\\u{feff}\\u{ad}b"
        );
    }

    #[test]
    fn a_message_cannot_make_a_line_of_its_own() {
        assert_eq!(one_line("one\r\ntwo\n\n"), "one / two");
        assert_eq!(one_line("one\u{2028}two\u{85}"), "one\\u{2028}two");
        assert_eq!(one_line("one\rtwo"), "one\\rtwo");
    }

    #[test]
    fn a_text_that_needs_nothing_is_not_copied() {
        assert!(matches!(one_line("plain \n"), Cow::Borrowed("plain")));
        assert!(matches!(
            escape_bytes("\u{fc}".as_bytes()),
            Cow::Borrowed("\u{fc}")
        ));
    }

    #[test]
    fn a_long_text_keeps_its_beginning_and_its_end_and_no_half_characters() {
        let long = format!("Error: {}: because", "\u{fc}".repeat(500_000));
        let short = shorten(&long, 1024);
        assert!(short.len() <= 1024, "{}", short.len());
        assert!(short.starts_with("Error: \u{fc}\u{fc}"), "{short}");
        assert!(short.ends_with("\u{fc}\u{fc}: because"), "{short}");
        assert!(shorten(&"x".repeat(100), 0).len() <= 16);
    }
}
