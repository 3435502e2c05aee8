//! What an engine said, as part of an error's text.

use std::process::ExitStatus;

/// How much is quoted, in bytes.
const MOST_BYTES: usize = 1024;

/// Letters that turn the direction of those behind them, so that a text reads as another one.
const DIRECTIONS: [char; 9] = [
    '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}',
    '\u{2069}',
];

/// The last lines that an engine wrote to its standard error, as part of a sentence.
pub(crate) fn said(stderr: &str, status: ExitStatus) -> String {
    /// What engines write below an error to whoever types commands.
    const ADVICE: [&str; 3] = ["See '", "Run '", "Usage:"];
    let mut lines: Vec<&str> = stderr
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !ADVICE.iter().any(|advice| line.starts_with(advice)))
        .collect();
    lines.drain(..lines.len().saturating_sub(3));
    if lines.is_empty() {
        return format!("it said nothing ({status})");
    }
    shortened(&printable(&lines.join("; ")))
}

/// `text` as a terminal may show it: what would move its cursor, colour it or name its window is
/// written out.
fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\t' => printable.push(' '),
            _ if letter.is_control() || DIRECTIONS.contains(&letter) => {
                printable.extend(letter.escape_default());
            }
            _ => printable.push(letter),
        }
    }
    printable
}

/// `text` without its middle if it is too long: an error begins with what failed and ends with why.
fn shortened(text: &str) -> String {
    const CUT: &str = "… [cut] …";
    if text.len() <= MOST_BYTES {
        return text.to_owned();
    }
    let half = (MOST_BYTES - CUT.len()) / 2;
    let is_whole = |at: &usize| text.is_char_boundary(*at);
    let head = (0..=half).rev().find(is_whole).unwrap_or(0);
    let tail = (text.len() - half..=text.len()).find(is_whole);
    format!(
        "{}{CUT}{}",
        &text[..head],
        &text[tail.unwrap_or(text.len())..]
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn an_error_has_what_the_engine_said_last_without_its_advice() {
        let status = ExitStatus::from_raw(125 << 8);
        assert_eq!(
            said(
                "unknown flag: --x\n\nUsage:  docker run\n\nRun 'docker run --help'\n",
                status
            ),
            "unknown flag: --x"
        );
        assert_eq!(said("1\n2\n3\n4\n", status), "2; 3; 4");
        assert_eq!(said("", status), "it said nothing (exit status: 125)");
    }

    #[test]
    fn a_line_without_end_is_cut_to_its_beginning_and_its_end() {
        let status = ExitStatus::from_raw(125 << 8);
        let long = format!("Error: {}: because", "ü".repeat(500_000));
        let said = said(&long, status);
        assert!(said.len() <= MOST_BYTES, "{}", said.len());
        assert!(
            said.starts_with("Error: üü") && said.ends_with("üü: because"),
            "{said}"
        );
        assert!(said.contains("ü… [cut] …ü"), "{said}");
    }

    #[test]
    fn what_an_engine_says_does_not_steer_a_terminal() {
        let status = ExitStatus::from_raw(125 << 8);
        assert_eq!(
            said(
                "a \x1b[31mred\x1b]0;title\x07\tthing\r\x08\0x \u{9b}2J \u{202e}y\n",
                status
            ),
            r"a \u{1b}[31mred\u{1b}]0;title\u{7} thing\r\u{8}\u{0}x \u{9b}2J \u{202e}y"
        );
        assert_eq!(said("\"C:\\é\" 'ok'", status), "\"C:\\é\" 'ok'");
    }
}
