//! What is said of a value that is not what it should be: one wording for task specs, sidecars and the
//! configurations of plugins.
//!
//! A message has a path in front, as the file has it: `config.workers: expected a whole number of 0 or
//! more, found "x"`.

use super::{escape, shorten};

/// How much of a text is quoted, in bytes.
const MOST_QUOTED: usize = 64;

/// What a value was to be, and what was found.
///
/// ```
/// use solti_plugin_abi::text::mismatch::{expected, quoted};
///
/// assert_eq!(expected("true or false", &quoted("no")), "expected true or false, found \"no\"");
/// ```
#[must_use]
pub fn expected(wanted: &str, found: &str) -> String {
    format!("expected {wanted}, found {found}")
}

/// What is said of a name that nothing has, with those that there are.
///
/// ```
/// use solti_plugin_abi::text::mismatch::unknown_field;
///
/// assert_eq!(unknown_field(&["a", "b", "c"]), "unknown field, expected a, b or c");
/// assert_eq!(unknown_field(&[]), "unknown field, expected none");
/// ```
#[must_use]
pub fn unknown_field(known: &[&str]) -> String {
    match known {
        [] => "unknown field, expected none".to_owned(),
        known => format!("unknown field, expected {}", one_of(known)),
    }
}

/// `a, b or c`.
///
/// ```
/// use solti_plugin_abi::text::mismatch::one_of;
///
/// assert_eq!(one_of(&["a"]), "a");
/// assert_eq!(one_of(&["a", "b", "c"]), "a, b or c");
/// ```
#[must_use]
pub fn one_of(words: &[&str]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [word] => (*word).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// A text in quotes, as much of it as a message has room for.
///
/// ```
/// use solti_plugin_abi::text::mismatch::quoted;
///
/// assert_eq!(quoted("a\nb"), "\"a\\nb\"");
/// assert!(quoted(&"x".repeat(1_000_000)).len() < 70);
/// ```
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", escape(&name(text)))
}

/// A name as part of a path, as much of it as a message has room for.
#[must_use]
pub fn name(text: &str) -> std::borrow::Cow<'_, str> {
    shorten(text, MOST_QUOTED)
}
