//! A spec in its place, or what is wrong there.

use std::collections::BTreeMap;
use std::io;

use thiserror::Error;

use super::spec::Spec;

/// A spec and where it was read.
#[derive(Debug)]
#[non_exhaustive]
pub struct PlacedSpec {
    /// The file, and the position where it is one of several: `jobs.json[1]`.
    pub place: String,
    /// The spec, with the defaults of what it leaves out.
    pub spec: Spec,
    /// The texts that stand beside the fields of a spec, where the reader takes any.
    pub beside: BTreeMap<&'static str, String>,
}

impl PlacedSpec {
    /// A spec that was read at `place`, with nothing beside it.
    #[must_use]
    pub fn new(place: impl Into<String>, spec: impl Into<Spec>) -> Self {
        Self {
            place: place.into(),
            spec: spec.into(),
            beside: BTreeMap::new(),
        }
    }
}

/// A spec, or why there is none.
pub type SpecResult = Result<PlacedSpec, SpecError>;

/// Why there is no spec to run. Each is printed on one line, so what lies behind it is in its text.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SpecError {
    /// It cannot be read.
    #[error("{place}: cannot be read: {err}")]
    Unreadable {
        /// Where it was to be.
        place: String,
        /// What the system says.
        err: io::Error,
    },
    /// It is no JSON.
    #[error("{place}: not JSON: {reason} at line {line} column {column}")]
    NotJson {
        /// Where it is.
        place: String,
        /// What is wrong.
        reason: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// It is a shared library.
    #[error(
        "{place}: a shared library, expected a task spec or an array of task specs; `solti-host \
         check` looks at libraries"
    )]
    Library {
        /// Where it is.
        place: String,
    },
    /// It is UTF-16.
    #[error("{place}: UTF-16, expected UTF-8: save it as that")]
    Utf16 {
        /// Where it is.
        place: String,
    },
    /// There is nothing in it.
    #[error("{place}: empty, expected a task spec or an array of task specs")]
    Empty {
        /// Where it is.
        place: String,
    },
    /// It is JSON, and no object.
    #[error("{place}: expected a task spec, which is a JSON object, found {found}")]
    NotAnObject {
        /// Where it is.
        place: String,
        /// What it is instead.
        found: &'static str,
    },
    /// Something in it is wrong.
    #[error("{place}: {reason}")]
    Invalid {
        /// Where it is.
        place: String,
        /// What is wrong, and in which field.
        reason: String,
    },
}
