//! Errors: a code for the variant, and the variant's fields.
//!
//! The codes of each error of the contract are in the file that turns it into what crosses and
//! back.

mod intern;
mod runner;
mod task;

use abi_stable::StableAbi;
use abi_stable::std_types::{ROption, RString};

/// An error of a runner or of a task.
///
/// | code | error | `text` | other fields |
/// |---|---|---|---|
/// | 1 | a panic | its message and where it happened | |
/// | 2 | the plugin could not be connected | the reason | |
/// | 16 | `NoRunner` | its text | |
/// | 17 | `UnsupportedKind` | the kind | `subject`: the runner |
/// | 18 | `InvalidSpec` | its text | |
/// | 19 | `Internal` | its text | |
/// | 20 | `MissingField` | | `subject`: the field |
/// | 21 | `Io` | its text | |
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
}

/// The code of a panic inside the plugin.
pub const PANIC: u32 = 1;
/// The code of a plugin that could not be connected.
pub const CONNECT: u32 = 2;

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
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_an_unknown_code_comes_back_whole() {
        for code in [0, PANIC, CONNECT, 15, 22, 31, 36, u32::MAX] {
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
