//! What is no JSON, in the words of who has written it.

/// What the parser says, in plain words.
pub(super) fn in_plain_words(message: &str) -> &str {
    match message {
        "EOF while parsing an object" => "it ends in the middle of an object",
        "EOF while parsing a list" => "it ends in the middle of an array",
        "EOF while parsing a string" => "it ends in the middle of a text",
        "EOF while parsing a value" => "it ends where a value is expected",
        "expected value" => "expected a value",
        "expected ident" => "expected true, false or null",
        "expected `:`" => "expected a colon behind the name of a field",
        "expected `,` or `}`" => "expected a comma or } behind a field",
        "expected `,` or `]`" => "expected a comma or ] behind an element",
        "trailing comma" => "a comma stands behind the last field or element",
        "trailing characters" => "something stands behind its end",
        "key must be a string" => "the name of a field has to stand in double quotes",
        "invalid number" => "a number is not written as JSON has it",
        "number out of range" => "a number is too large",
        "invalid escape" => {
            "a backslash stands before something that it has no meaning for: write two of them"
        }
        "unexpected end of hex escape" | "lone leading surrogate in hex escape" => {
            "\\u is not followed by the number of a character"
        }
        "invalid unicode code point" => "bytes that are no UTF-8: save the file as UTF-8",
        "recursion limit exceeded" => "objects and arrays are nested too deeply",
        control if control.starts_with("control character ") => {
            "a text has a line end or a tab in it: write \\n or \\t"
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// What is said of a text that is no JSON, without where it is.
    fn said(text: &[u8]) -> String {
        let err = serde_json::from_slice::<Value>(text)
            .unwrap_err()
            .to_string();
        let (message, _) = err.rsplit_once(" at line ").unwrap();
        in_plain_words(message).to_owned()
    }

    #[test]
    fn a_slip_is_said_in_words_that_say_what_to_write() {
        for (text, expected) in [
            (&b"{\"a\":1"[..], "it ends in the middle of an object"),
            (b"[1", "it ends in the middle of an array"),
            (b"{\"a", "it ends in the middle of a text"),
            (b"{\"a\":", "it ends where a value is expected"),
            (b"{\"a\":yes}", "expected a value"),
            (b"{\"a\":True}", "expected a value"),
            (b"{\"a\":tru}", "expected true, false or null"),
            (b"{\"a\" 1}", "expected a colon behind the name of a field"),
            (b"{\"a\":1 \"b\":2}", "expected a comma or } behind a field"),
            (b"[1 2]", "expected a comma or ] behind an element"),
            (
                b"{\"a\":1,}",
                "a comma stands behind the last field or element",
            ),
            (b"[1,]", "a comma stands behind the last field or element"),
            (
                b"{a:1}",
                "the name of a field has to stand in double quotes",
            ),
            (
                b"{'a':1}",
                "the name of a field has to stand in double quotes",
            ),
            (b"[05]", "a number is not written as JSON has it"),
            (b"[1e999]", "a number is too large"),
            (
                b"[\"C:\\data\"]",
                "a backslash stands before something that it has no meaning for: write two of them",
            ),
            (
                b"[\"a\tb\"]",
                "a text has a line end or a tab in it: write \\n or \\t",
            ),
            (
                b"[\"\\ud800\"]",
                "\\u is not followed by the number of a character",
            ),
            (
                b"[\"M\xfcnchen\"]",
                "bytes that are no UTF-8: save the file as UTF-8",
            ),
            (
                &b"[".repeat(1000),
                "objects and arrays are nested too deeply",
            ),
        ] {
            let shown = String::from_utf8_lossy(text).into_owned();
            assert_eq!(said(text), expected, "{shown}");
        }
    }
}
