//! Errors: a code for the variant, and the variant's fields.
//!
//! The codes of each error of the contract are in the file that turns it into what crosses and
//! back.

mod call;
mod runner;
mod task;

use abi_stable::StableAbi;
use abi_stable::std_types::{ROption, RString};
use serde_json::{Map, Value};

/// An error of a runner or of a task.
///
/// | code | error | `text` | other fields |
/// |---|---|---|---|
/// | 1 | a panic | its message and where it happened | |
/// | 2 | the plugin could not be connected | the reason | |
/// | 3 | the method is unknown | its name | |
/// | 4 | a request or an answer is too large | what was found and what is allowed | `subject`: the method |
/// | 5 | a call took too long | | `subject`: the method, `nanos` |
/// | 6 | a method failed | why | `subject`: the method |
/// | 16 | `NoRunner` | its text | |
/// | 17 | `UnsupportedKind` | the kind | `subject`: the runner |
/// | 18 | `InvalidSpec` | its text | |
/// | 19 | `Internal` | its text | |
/// | 20 | `MissingField` | | `subject`: the field |
/// | 21 | `Io` | its text | |
/// | 22 | the build was cancelled | | |
/// | 23 | the format of a spec is not read | which are | `nanos`: the format |
/// | 24 | the plugin drains and takes no more | | |
/// | 32 | `Timeout` | | `nanos` |
/// | 33 | `Fatal` | the reason | `exit_code` |
/// | 34 | `Fail` | the reason | `exit_code` |
/// | 35 | `Canceled` | | |
#[repr(C)]
#[derive(StableAbi, Debug, Clone)]
pub struct FfiError {
    /// Which error it is.
    pub code: u32,
    /// The exit code of a process, where there is one.
    pub exit_code: ROption<i32>,
    /// A length of time in nanoseconds, at most about 584 years.
    pub nanos: u64,
    /// A name that the error refers to.
    pub subject: RString,
    /// What people read.
    pub text: RString,
    /// What else is known, a JSON object; empty when nothing is.
    pub details: RString,
}

/// The code of a panic inside the plugin.
pub const PANIC: u32 = 1;
/// The code of a plugin that could not be connected.
pub const CONNECT: u32 = 2;
/// The code of a method that is unknown: an answer, not a fault.
pub const UNKNOWN_METHOD: u32 = 3;
/// The code of a request or an answer that is longer than
/// [`MAX_CALL_BYTES`](crate::MAX_CALL_BYTES).
pub const PAYLOAD_TOO_LARGE: u32 = 4;
/// The code of a call that took too long.
pub const CALL_TIMED_OUT: u32 = 5;
/// The code of a method that failed.
pub const CALL_FAILED: u32 = 6;
/// The code of a build that was cancelled.
pub const BUILD_CANCELED: u32 = 22;
/// The code of a spec in a format that the plugin does not read.
pub const UNKNOWN_FORMAT: u32 = 23;
/// The code of a plugin that drains: it takes no more.
pub const DRAINING: u32 = 24;

impl FfiError {
    /// Makes an error that has a text and no other field.
    #[must_use]
    pub fn new(code: u32, text: impl Into<String>) -> Self {
        Self {
            code,
            exit_code: ROption::RNone,
            nanos: 0,
            subject: RString::new(),
            text: RString::from(text.into()),
            details: RString::new(),
        }
    }

    /// The same error about a name.
    #[must_use]
    pub fn about(mut self, subject: &str) -> Self {
        self.subject = subject.into();
        self
    }

    /// The same error with more details; those that it has already stay.
    #[must_use]
    pub fn with_details(mut self, details: Map<String, Value>) -> Self {
        if !details.is_empty() {
            let mut all = self.known_details();
            for (name, value) in details {
                all.entry(name).or_insert(value);
            }
            self.details = Value::Object(all).to_string().into();
        }
        self
    }

    /// What else is known of it; nothing where the details are no JSON object.
    #[must_use]
    pub fn known_details(&self) -> Map<String, Value> {
        if self.details.is_empty() {
            return Map::new();
        }
        serde_json::from_str(&self.details).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_add_up_and_what_is_no_object_says_nothing() {
        let details = |json: Value| json.as_object().cloned().expect("it is an object");
        let err = FfiError::new(PANIC, "text")
            .with_details(details(serde_json::json!({ "a": 1 })))
            .with_details(details(serde_json::json!({ "a": 2, "b": [3] })));
        assert_eq!(err.details, r#"{"a":1,"b":[3]}"#);
        for nothing in ["", "[1]", "{", "null"] {
            let err = FfiError {
                details: nothing.into(),
                ..err.clone()
            };
            assert_eq!(err.known_details(), Map::new());
        }
        assert_eq!(
            FfiError::new(PANIC, "text")
                .with_details(Map::new())
                .details,
            ""
        );
    }

    #[test]
    fn an_error_of_an_unknown_code_comes_back_whole() {
        for code in [0, PANIC, CONNECT, 15, BUILD_CANCELED, 31, 36, u32::MAX] {
            let unknown = FfiError {
                exit_code: ROption::RSome(3),
                nanos: 7,
                subject: "subject".into(),
                ..FfiError::new(code, "text")
            };
            let expected = format!("{unknown:?}");
            let as_runners = unknown
                .clone()
                .into_runner_error()
                .expect_err("not a runner's");
            let as_tasks = unknown.into_task_error().expect_err("not a task's");
            assert_eq!(format!("{as_runners:?}"), expected);
            assert_eq!(format!("{as_tasks:?}"), expected);
        }
    }
}
