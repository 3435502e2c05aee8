//! A spec in its place, or what is wrong there.

use std::io;

use solti_model::TaskSpec;
use thiserror::Error;

/// A spec and where it was read.
#[derive(Debug)]
pub(crate) struct PlacedSpec {
    /// The file, and the position where it is one of several: `jobs.json[1]`.
    pub(crate) place: String,
    pub(crate) spec: TaskSpec,
}

/// A spec, or why there is none.
pub(crate) type SpecResult = Result<PlacedSpec, SpecError>;

/// Why there is no spec to run. Each is printed on one line, so what lies behind it is in its text.
#[derive(Debug, Error)]
pub(crate) enum SpecError {
    #[error("{place}: cannot be read: {err}")]
    Unreadable { place: String, err: io::Error },
    #[error("{place}: not JSON: {reason} at line {line} column {column}")]
    NotJson {
        place: String,
        reason: String,
        line: usize,
        column: usize,
    },
    #[error(
        "{place}: a shared library, expected a task spec or an array of task specs; `solti-host \
         check` looks at libraries"
    )]
    Library { place: String },
    #[error("{place}: UTF-16, expected UTF-8: save it as that")]
    Utf16 { place: String },
    #[error("{place}: empty, expected a task spec or an array of task specs")]
    Empty { place: String },
    #[error("{place}: expected a task spec, which is a JSON object, found {found}")]
    NotAnObject { place: String, found: &'static str },
    #[error("{place}: {reason}")]
    Invalid { place: String, reason: String },
}
