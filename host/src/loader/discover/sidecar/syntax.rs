//! What is no TOML in a sidecar, in the words of who has written it.
//!
//! The parser says what its grammar expects next. Who writes a sidecar now and then has made one of a
//! few slips, which the place and what stands there tell apart.

use std::ops::Range;

use solti_plugin_abi::text::mismatch::{self, expected, quoted};

use super::fault::Fault;

/// How much is quoted of what stands at a place: more than this tells nobody more.
const MOST_OF_A_WORD: usize = 24;

/// The text of a sidecar, where it is one.
pub(super) fn text_of(bytes: &[u8]) -> Result<&str, Fault> {
    if is_utf_16(bytes) {
        let reason = "the file is UTF-16: save it as UTF-8".to_owned();
        return Err(Fault { at: 0, reason });
    }
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        let reason = "a NUL character, which no text has: the file is damaged, or something else";
        let reason = reason.to_owned();
        return Err(Fault { at, reason });
    }
    str::from_utf8(bytes).map_err(|err| {
        let at = err.valid_up_to();
        let byte = bytes[at];
        Fault {
            at,
            reason: format!("the byte 0x{byte:02x} is no UTF-8: save the file as UTF-8"),
        }
    })
}

/// Whether a text begins as it does where each character has two bytes.
fn is_utf_16(bytes: &[u8]) -> bool {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => true,
        [first, second, ..] => (*first == 0) != (*second == 0),
        _ => false,
    }
}

/// What the parser has found wrong in `source`.
pub(super) fn fault(err: &toml::de::Error, source: &str) -> Fault {
    let span = err.span().unwrap_or(0..0);
    let span = span.start.min(source.len())..span.end.min(source.len());
    let here = Here::of(source, &span);
    match what_of(err.message()) {
        "key with no value" => key_alone(&here),
        _ => Fault {
            at: span.start,
            reason: in_plain_words(err.message(), &here),
        },
    }
}

/// What the parser says is wrong, without what it expects.
fn what_of(message: &str) -> &str {
    message.split(", expected ").next().unwrap_or(message)
}

fn in_plain_words(message: &str, here: &Here<'_>) -> String {
    match what_of(message) {
        "string values must be quoted" => value_without_quotes(here),
        "invalid boolean" => expected("true or false", here.word()),
        "invalid basic string" | "invalid literal string" if message.ends_with("`\"`") => {
            "the text has no end: expected a closing quote (\") on its line".to_owned()
        }
        "invalid basic string" | "invalid literal string" if message.ends_with("`'`") => {
            "the text has no end: expected a closing quote (') on its line".to_owned()
        }
        "unexpected key or value" if here.behind.starts_with(',') => {
            "a comma stands behind the value: lines end without one".to_owned()
        }
        "unexpected key or value" => format!(
            "{} stands behind the value, where the line was to end",
            quoted(here.rest())
        ),
        "extra `=`" => "`=` stands here twice".to_owned(),
        "duplicate key" => format!("{} is given twice", here.name()),
        "unclosed table" | "unclosed array table" => {
            "the name of a table has no end: expected `]`".to_owned()
        }
        "unclosed array" => "the array has no end: expected `]`".to_owned(),
        "unclosed inline table" => "the table has no end: expected `}`".to_owned(),
        "missing comma between array elements" => {
            "expected a comma between two values of an array".to_owned()
        }
        "missing comma between key-value pairs" | "extra assignment between key-value pairs" => {
            "expected a comma between two fields of a table".to_owned()
        }
        "missing assignment between key-value pairs" => {
            "expected `=` between a field and its value".to_owned()
        }
        "unquoted keys cannot be empty" => "expected the name of a field".to_owned(),
        "invalid unquoted key" => "a name with other characters than letters, digits, `-` and `_` \
                                   has to stand in quotes"
            .to_owned(),
        "missing escaped value" => "a backslash stands before something that it has no meaning \
                                    for: write two of them, or the text in single quotes"
            .to_owned(),
        "unexpected leading zero" => "a number begins with 0".to_owned(),
        "invalid fraction" => "expected digits behind the point".to_owned(),
        "carriage return must be followed by newline" => {
            "a line ends with a carriage return alone: save the file with line feeds".to_owned()
        }
        _ => without_jargon(message),
    }
}

/// What stands at a place.
struct Here<'a> {
    /// From there to the end of its line.
    behind: &'a str,
    /// The whole line, without the blanks around it.
    line: &'a str,
    /// Where that begins.
    begin: usize,
    span: &'a str,
}

impl<'a> Here<'a> {
    fn of(source: &'a str, span: &Range<usize>) -> Self {
        let begin = source[..span.start].rfind('\n').map_or(0, |end| end + 1);
        let behind = source[span.start..].lines().next().unwrap_or_default();
        let whole = source[begin..].lines().next().unwrap_or_default();
        let line = whole.trim_start();
        Self {
            behind,
            begin: begin + whole.len() - line.len(),
            line: line.trim_end(),
            span: &source[span.clone()],
        }
    }

    /// What is left of the line, no more than tells what it is.
    fn rest(&self) -> &'a str {
        let rest = self.behind.trim();
        let mut ends = rest.char_indices().map(|(at, _)| at);
        ends.nth(MOST_OF_A_WORD).map_or(rest, |end| &rest[..end])
    }

    /// The word that stands there.
    fn word(&self) -> &'a str {
        let ends = |c: char| c.is_whitespace() || c == ',' || c == '#' || c == ']' || c == '}';
        let word = self.rest();
        word.find(ends).map_or(word, |end| &word[..end])
    }

    /// The name that the place is about.
    fn name(&self) -> String {
        match self.span.trim() {
            "" => self.word().to_owned(),
            name => mismatch::name(name).into_owned(),
        }
    }
}

fn key_alone(here: &Here<'_>) -> Fault {
    let fault = |behind: usize, reason: &str| Fault {
        at: here.begin + behind,
        reason: reason.to_owned(),
    };
    if here.line.starts_with("//") || here.line.starts_with(';') {
        return fault(0, "a comment begins with `#`");
    }
    match (here.line.find(':'), here.line.find('=')) {
        (Some(colon), equals) if equals.is_none_or(|equals| colon < equals) => {
            let reason = "expected `=` between a field and its value, found a colon";
            fault(colon, reason)
        }
        (_, Some(_)) => fault(0, "a name with a blank in it has to stand in quotes"),
        (_, None) => fault(0, "a field without a value: expected `=` and one behind it"),
    }
}

fn value_without_quotes(here: &Here<'_>) -> String {
    let word = here.word();
    if word.is_empty() {
        return "expected a value behind `=`".to_owned();
    }
    if word.starts_with(['\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}']) {
        return "a text has to stand in straight quotes (\")".to_owned();
    }
    if here.span.trim().contains(' ') && word.parse::<f64>().is_ok() {
        return "expected a comma between two values of an array".to_owned();
    }
    let lower = word.to_ascii_lowercase();
    if matches!(&*lower, "true" | "false" | "yes" | "no" | "on" | "off") {
        return format!("expected true, false, or a text in quotes, found {word}");
    }
    format!("a text has to stand in quotes: {}", quoted(word))
}

/// What else the parser says, without the words that only its format has.
fn without_jargon(message: &str) -> String {
    message
        .replace("basic string", "text in quotes")
        .replace("literal string", "text in single quotes")
        .replace("inline table", "table")
        .replace("newline", "the end of the line")
        .replace(", expected nothing", "")
}

#[cfg(test)]
mod tests {
    use super::super::fault::Place;
    use super::super::form;
    use super::*;

    /// Line, column, the line itself, and what is said.
    #[track_caller]
    fn said(source: &[u8]) -> (usize, usize, String, String) {
        let fault = text_of(source).and_then(form::parse).unwrap_err();
        let Place { line, column, text } = Place::of(fault.at, source);
        (line, column, text, fault.reason)
    }

    #[test]
    fn a_slip_is_named_where_it_is_in_words_that_say_what_to_write() {
        for (source, line, column, text, reason) in [
            // The ten most likely ones; those that are none follow in the next test.
            (
                "name = \"eu\nenabled = true",
                1,
                11,
                "name = \"eu",
                "the text has no end: expected a closing quote (\") on its line",
            ),
            (
                "name = 'eu",
                1,
                11,
                "name = 'eu",
                "the text has no end: expected a closing quote (') on its line",
            ),
            (
                "enabled = true\nname: \"eu\"",
                2,
                5,
                "name: \"eu\"",
                "expected `=` between a field and its value, found a colon",
            ),
            (
                "name = \"a\"\nname = \"b\"",
                2,
                1,
                "name = \"b\"",
                "name is given twice",
            ),
            (
                "[labels]\na = 'x'\n[labels]\n",
                3,
                2,
                "[labels]",
                "labels is given twice",
            ),
            (
                "name == \"a\"",
                1,
                7,
                "name == \"a\"",
                "`=` stands here twice",
            ),
            (
                "name = = \"a\"",
                1,
                8,
                "name = = \"a\"",
                "`=` stands here twice",
            ),
            (
                "[labels]\n  zone = eu-west # ours",
                2,
                10,
                "zone = eu-west # ours",
                "a text has to stand in quotes: \"eu-west\"",
            ),
            (
                "enabled = yes",
                1,
                11,
                "enabled = yes",
                "expected true, false, or a text in quotes, found yes",
            ),
            (
                "enabled = True",
                1,
                11,
                "enabled = True",
                "expected true or false, found True",
            ),
            (
                "enabled = tru",
                1,
                11,
                "enabled = tru",
                "expected true or false, found tru",
            ),
            (
                "name = \"a\",\nenabled = true",
                1,
                11,
                "name = \"a\",",
                "a comma stands behind the value: lines end without one",
            ),
            (
                "name = \"a\"\r\nenabled = \"\r\n",
                2,
                13,
                "enabled = \"",
                "the text has no end: expected a closing quote (\") on its line",
            ),
            (
                "\u{feff}name = eu",
                1,
                8,
                "name = eu",
                "a text has to stand in quotes: \"eu\"",
            ),
            // Others.
            ("name =", 1, 7, "name =", "expected a value behind `=`"),
            (
                "enabled",
                1,
                1,
                "enabled",
                "a field without a value: expected `=` and one behind it",
            ),
            (
                "// a comment",
                1,
                1,
                "// a comment",
                "a comment begins with `#`",
            ),
            ("; ours", 1, 1, "; ours", "a comment begins with `#`"),
            (
                "my name = 1",
                1,
                1,
                "my name = 1",
                "a name with a blank in it has to stand in quotes",
            ),
            (
                "name = \"a\" enabled = true",
                1,
                12,
                "name = \"a\" enabled = true",
                "\"enabled = true\" stands behind the value, where the line was to end",
            ),
            (
                "name = \u{201c}a\u{201d}",
                1,
                8,
                "name = \u{201c}a\u{201d}",
                "a text has to stand in straight quotes (\")",
            ),
            (
                "name = \"C:\\data\"",
                1,
                12,
                "name = \"C:\\data\"",
                "a backslash stands before something that it has no meaning for: write two of them, \
                 or the text in single quotes",
            ),
            (
                "[labels\na = 'x'",
                1,
                8,
                "[labels",
                "the name of a table has no end: expected `]`",
            ),
            (
                "[config]\na = [1, 2\n",
                2,
                10,
                "a = [1, 2",
                "the array has no end: expected `]`",
            ),
            (
                "[config]\na = [1 2]",
                2,
                6,
                "a = [1 2]",
                "expected a comma between two values of an array",
            ),
            (
                "[config]\na = { b = 1 c = 2 }",
                2,
                15,
                "a = { b = 1 c = 2 }",
                "expected a comma between two fields of a table",
            ),
            (
                "[config]\na = { b = 1",
                2,
                12,
                "a = { b = 1",
                "the table has no end: expected `}`",
            ),
            (
                "[config]\na = 007",
                2,
                5,
                "a = 007",
                "a number begins with 0",
            ),
            (
                "[config]\na = 1.",
                2,
                7,
                "a = 1.",
                "expected digits behind the point",
            ),
            ("= 5", 1, 1, "= 5", "expected the name of a field"),
            (
                "n@me = 5",
                1,
                2,
                "n@me = 5",
                "a name with other characters than letters, digits, `-` and `_` has to stand in quotes",
            ),
            (
                "name = 'a'\renabled = true",
                1,
                12,
                "name = 'a'\\renabled = true",
                "a line ends with a carriage return alone: save the file with line feeds",
            ),
        ] {
            let expected = (line, column, text.to_owned(), reason.to_owned());
            assert_eq!(said(source.as_bytes()), expected, "{source:?}");
        }
    }

    #[test]
    fn a_file_of_another_encoding_is_named_as_such() {
        for (source, place, reason) in [
            (
                &b"\xff\xfen\0a\0m\0e\0"[..],
                (1, 1),
                "the file is UTF-16: save it as UTF-8",
            ),
            (
                b"n\0a\0m\0e\0",
                (1, 1),
                "the file is UTF-16: save it as UTF-8",
            ),
            (
                b"\0n\0a\0m\0e",
                (1, 1),
                "the file is UTF-16: save it as UTF-8",
            ),
            (
                b"a = 1\n\0\0\0",
                (2, 1),
                "a NUL character, which no text has: the file is damaged, or something else",
            ),
            (
                b"enabled = true\nname = \"M\xfcnchen\"",
                (2, 10),
                "the byte 0xfc is no UTF-8: save the file as UTF-8",
            ),
        ] {
            let (line, column, _, said) = said(source);
            assert_eq!((line, column), place);
            assert_eq!(said, reason);
        }
    }

    #[test]
    fn what_editors_of_any_system_write_is_read() {
        for source in [
            "\tname = \"a\"\n\tenabled\t=\ttrue\n",
            "name = \"a\"\r\nenabled = true\r\n",
            "\u{feff}name = \"a\"\nenabled = true",
            "name = 'a'",
        ] {
            let form = text_of(source.as_bytes()).and_then(form::parse).unwrap();
            assert_eq!((form.name.as_deref(), form.enabled), (Some("a"), true));
        }
    }
}
