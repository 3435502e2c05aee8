//! A range of whole numbers, in words.

/// A whole number from `least` to `most`, in the words of every message about one.
pub(crate) fn between(least: i128, most: i128) -> String {
    if most == i128::from(u64::MAX) {
        format!("a whole number of {least} or more")
    } else {
        format!("a whole number from {least} to {most}")
    }
}
