//! A panic, as the hook sees it and as it is told: in words, and as details that a program can read.

use std::any::Any;
use std::fmt;
use std::panic::PanicHookInfo;

use serde_json::{Map, Value, json};

use crate::v1::error::{FfiError, PANIC};

/// The name of the details of a panic among those of an error.
const PANIC_DETAILS: &str = "panic";

/// A panic as the hook sees it.
pub(super) struct Seen {
    plugin: &'static str,
    text: String,
    thread: String,
    place: Option<Place>,
}

/// Where in the source it happened.
struct Place {
    file: String,
    line: u32,
    column: u32,
}

/// A panic that was caught: its message and, where that is known, where it happened.
#[derive(Debug)]
pub(super) struct Panicked {
    told: String,
    details: Value,
}

impl Panicked {
    /// A caught panic, one of those that were seen or not.
    ///
    /// A panic that was caught and goes on elsewhere, as rayon and `JoinError::into_panic` do it, passes
    /// no hook on this thread: then none of those that were seen here has its text, and its place is not
    /// known.
    pub(super) fn of(payload: Box<dyn Any + Send>, seen: &[Seen]) -> Self {
        let text = payload_text(&*payload);
        let panicked = match seen.iter().rev().find(|seen| seen.text == text) {
            Some(seen) => Self {
                told: seen.to_string(),
                details: seen.details(),
            },
            None => Self {
                told: text.to_owned(),
                details: json!({ "message": text }),
            },
        };
        // A payload may panic when it is dropped, and nothing could catch that any more.
        std::mem::forget(payload);
        panicked
    }
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told)
    }
}

impl From<Panicked> for FfiError {
    fn from(panicked: Panicked) -> Self {
        let details = Map::from_iter([(PANIC_DETAILS.to_owned(), panicked.details)]);
        Self::new(PANIC, panicked.told).with_details(details)
    }
}

impl Seen {
    /// The panic that this thread's hook was called for, in the plugin of this name.
    pub(super) fn new(plugin: &'static str, info: &PanicHookInfo<'_>) -> Self {
        let thread = std::thread::current();
        Self {
            plugin,
            text: payload_text(info.payload()).to_owned(),
            thread: thread.name().unwrap_or("<unnamed>").to_owned(),
            place: info.location().map(|place| Place {
                file: place.file().to_owned(),
                line: place.line(),
                column: place.column(),
            }),
        }
    }

    pub(super) fn thread(&self) -> &str {
        &self.thread
    }

    /// Whether std ends the process when the hook returns: it panics itself then, with these words.
    pub(super) fn ends_the_process(&self) -> bool {
        matches!(
            self.text.as_str(),
            "panic in a destructor during cleanup" | "panic in a function that cannot unwind"
        )
    }

    fn details(&self) -> Value {
        let mut details = Map::from_iter([
            ("plugin".to_owned(), self.plugin.into()),
            ("message".to_owned(), self.text.as_str().into()),
            ("thread".to_owned(), self.thread.as_str().into()),
        ]);
        if let Some(Place { file, line, column }) = &self.place {
            details.insert("file".to_owned(), file.as_str().into());
            details.insert("line".to_owned(), (*line).into());
            details.insert("column".to_owned(), (*column).into());
        }
        Value::Object(details)
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        match &self.place {
            Some(Place { file, line, column }) => write!(f, " (at {file}:{line}:{column})"),
            None => Ok(()),
        }
    }
}

/// What a panic says, by its payload.
pub fn payload_text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
}
