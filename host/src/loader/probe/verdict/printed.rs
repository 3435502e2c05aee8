//! What a process printed before it ended, quoted for a person.

use solti_plugin_abi::text::{one_line, shorten};

/// How many of the last lines are quoted, and how many bytes of them.
const LINES: usize = 3;
const BYTES: usize = 300;

/// What was printed last, in one line, as the end of a sentence; empty when there is nothing.
///
/// Of a panic, where it was and what it said: a backtrace comes after it.
pub(super) fn quoted(printed: &str) -> String {
    let lines: Vec<_> = printed
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let panic = lines.iter().position(|line| line.contains(" panicked at "));
    let last = match panic {
        Some(place) => &lines[place..lines.len().min(place + 2)],
        None => &lines[lines.len().saturating_sub(LINES)..],
    };
    if last.is_empty() {
        return String::new();
    }
    let text = one_line(&last.join("\n")).into_owned();
    format!(" after printing: {}", shorten(&text, BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_was_printed_the_last_lines_are_quoted_as_one() {
        assert_eq!(quoted(" \n\n"), "");
        assert_eq!(
            quoted("one\ntwo\n\n three\x1b[0m\nfour\n"),
            " after printing: two / three\\u{1b}[0m / four"
        );
        assert!(quoted(&"x".repeat(5000)).len() < 400);
    }

    #[test]
    fn of_a_panic_its_place_and_its_message_are_quoted_and_no_backtrace() {
        let printed = "hello\nthread 'main' panicked at src/lib.rs:1:2:\nno good\n   0: a\n 1: b\n";
        assert_eq!(
            quoted(printed),
            " after printing: thread 'main' panicked at src/lib.rs:1:2: / no good"
        );
    }
}
