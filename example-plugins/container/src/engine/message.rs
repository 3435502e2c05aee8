//! The error message of an engine, as part of a sentence.

use std::process::ExitStatus;

use solti_plugin_abi::text::{one_line, shorten};

/// How much is quoted, in bytes.
const MOST_BYTES: usize = 1024;

/// How many lines are quoted.
const LAST_LINES: usize = 3;

/// What engines write below an error for whoever types commands.
const HINTS: [&str; 3] = ["See '", "Run '", "Usage:"];

/// The last lines that an engine wrote to its standard error.
pub(crate) fn message(stderr: &str, status: ExitStatus) -> String {
    let mut lines: Vec<&str> = stderr
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !HINTS.iter().any(|hint| line.starts_with(hint)))
        .collect();
    lines.drain(..lines.len().saturating_sub(LAST_LINES));
    if lines.is_empty() {
        return format!("it gave no reason ({status})");
    }
    shorten(&one_line(&lines.join("\n")), MOST_BYTES).into_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    fn quoted(stderr: &str) -> String {
        message(stderr, ExitStatus::from_raw(125 << 8))
    }

    #[test]
    fn an_error_has_the_engines_last_lines_without_its_hints() {
        assert_eq!(
            quoted("unknown flag: --x\n\nUsage:  docker run\n\nRun 'docker run --help'\n"),
            "unknown flag: --x"
        );
        assert_eq!(quoted("1\n2\n3\n4\n"), "2 / 3 / 4");
        assert_eq!(quoted(""), "it gave no reason (exit status: 125)");
    }

    #[test]
    fn a_line_without_end_is_cut_to_its_beginning_and_its_end() {
        let quoted = quoted(&format!("Error: {}: because", "ü".repeat(500_000)));
        assert!(quoted.len() <= MOST_BYTES, "{}", quoted.len());
        assert!(
            quoted.starts_with("Error: üü") && quoted.ends_with("üü: because"),
            "{quoted}"
        );
        assert!(quoted.contains("ü … ü"), "{quoted}");
    }

    #[test]
    fn an_engines_message_does_not_steer_a_terminal() {
        assert_eq!(
            quoted("a \x1b[31mred\x1b]0;title\x07\tthing\r\x08\0x \u{9b}2J \u{202e}y\n"),
            r"a \u{1b}[31mred\u{1b}]0;title\u{7}\tthing\r\u{8}\u{0}x \u{9b}2J \u{202e}y"
        );
        assert_eq!(quoted("\"C:\\é\" 'ok'"), "\"C:\\é\" 'ok'");
    }
}
