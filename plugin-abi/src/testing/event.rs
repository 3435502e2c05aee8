//! What happens while a task runs, in order.

use solti_model::StreamKind;

use super::failure::Failure;

/// A line that an attempt has written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line {
    /// The attempt's number.
    pub attempt: u32,
    /// The stream.
    pub stream: StreamKind,
    /// The line without its end; what is not UTF-8 is replaced.
    pub text: String,
    /// Whether the runner has left out a part of it.
    pub cut: bool,
}

/// What happens while a task runs.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// It has been built.
    Built,
    /// An attempt begins.
    Started {
        /// Its number; the first is 1.
        attempt: u32,
    },
    /// An attempt has written a line.
    Line(Line),
    /// The task is cancelled.
    Cancelled,
    /// An attempt has ended.
    Ended {
        /// Its number.
        attempt: u32,
        /// How.
        result: Result<(), Failure>,
    },
}
