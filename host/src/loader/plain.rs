//! Texts of files and plugins, for people.

/// A text on one line that does nothing to a terminal: lines are joined, and control characters are
/// escaped.
///
/// What a damaged file calls its symbols, and what a plugin says of itself, is any text at all.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for char in text.trim_end().chars() {
        match char {
            '\n' => plain.push_str(" / "),
            '\r' => {}
            control if control.is_control() => plain.extend(control.escape_default()),
            char => plain.push(char),
        }
    }
    plain
}

/// A number with its thousands set apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_says_stays_on_its_line_and_does_nothing_to_a_terminal() {
        assert_eq!(plain("as \u{e4}lways"), "as \u{e4}lways");
        assert_eq!(plain("one\r\ntwo\n\n"), "one / two");
        assert_eq!(plain("a\u{1b}[2J\u{0}\u{85}b"), "a\\u{1b}[2J\\u{0}\\u{85}b");
    }
}
