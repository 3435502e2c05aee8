//! What files and plugins say, for programs that print it.

use std::path::Path;

use super::discover::shown;
use super::plain::plain;

/// A text on one line that does nothing to a terminal: lines are joined, and control characters are
/// escaped.
///
/// For what a file or a plugin says, which is any text at all: the fields of a stamp, the reason of
/// a failed task. The texts of a report are escaped already.
#[must_use]
pub fn one_line(text: &str) -> String {
    plain(text)
}

/// A path as it is when it is plain text, with every other byte escaped when it is not.
#[must_use]
pub fn shown_path(path: &Path) -> String {
    shown(path.as_os_str())
}
