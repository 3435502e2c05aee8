//! Errors: a code for the variant, and the variant's fields.

use std::time::Duration;

use abi_stable::StableAbi;
use abi_stable::std_types::{ROption, RString};
use taskvisor::TaskError;

use crate::RunnerError;

/// An error of a runner or of a task.
///
/// | code | error | `text` | other fields |
/// |---|---|---|---|
/// | 1 | a panic | message and place | |
/// | 2 | the plugin could not be connected | reason | |
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
    /// Which error.
    pub code: u32,
    /// The exit code of a process, where there is one.
    pub exit_code: ROption<i32>,
    /// A length of time in nanoseconds, at most about 584 years.
    pub nanos: u64,
    /// A name that an error refers to.
    pub subject: RString,
    /// Text for people.
    pub text: RString,
}

/// A panic inside the plugin.
pub const PANIC: u32 = 1;
/// The plugin could not be connected.
pub const CONNECT: u32 = 2;

const NO_RUNNER: u32 = 16;
const UNSUPPORTED_KIND: u32 = 17;
const INVALID_SPEC: u32 = 18;
const INTERNAL: u32 = 19;
const MISSING_FIELD: u32 = 20;
const IO: u32 = 21;

const TIMEOUT: u32 = 32;
const FATAL: u32 = 33;
const FAIL: u32 = 34;
const CANCELED: u32 = 35;

impl FfiError {
    /// An error with a text and nothing else.
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

    fn about(mut self, subject: &str) -> Self {
        self.subject = RString::from(subject);
        self
    }

    /// The runner's error again; the whole error back when it is not one of those.
    ///
    /// # Errors
    ///
    /// This error, when its code is none of `RunnerError`'s.
    pub fn into_runner_error(self) -> Result<RunnerError, Self> {
        let text = || self.text.to_string();
        Ok(match self.code {
            NO_RUNNER => RunnerError::NoRunner(text()),
            UNSUPPORTED_KIND => RunnerError::UnsupportedKind {
                runner: crate::intern::intern(&self.subject),
                kind: text(),
            },
            INVALID_SPEC => RunnerError::InvalidSpec(text()),
            INTERNAL => RunnerError::Internal(text()),
            MISSING_FIELD => RunnerError::MissingField(crate::intern::intern(&self.subject)),
            IO => RunnerError::Io(text()),
            _ => return Err(self),
        })
    }

    /// The task's error again; the whole error back when it is not one of those.
    ///
    /// # Errors
    ///
    /// This error, when its code is none of `TaskError`'s.
    pub fn into_task_error(self) -> Result<TaskError, Self> {
        let reason = || self.text.to_string();
        let exit_code = self.exit_code.into_option();
        Ok(match self.code {
            TIMEOUT => TaskError::Timeout {
                timeout: Duration::from_nanos(self.nanos),
            },
            FATAL => TaskError::Fatal {
                reason: reason(),
                exit_code,
            },
            FAIL => TaskError::Fail {
                reason: reason(),
                exit_code,
            },
            CANCELED => TaskError::Canceled,
            _ => return Err(self),
        })
    }
}

impl From<RunnerError> for FfiError {
    fn from(err: RunnerError) -> Self {
        match err {
            RunnerError::NoRunner(text) => Self::new(NO_RUNNER, text),
            RunnerError::UnsupportedKind { runner, kind } => {
                Self::new(UNSUPPORTED_KIND, kind).about(runner)
            }
            RunnerError::InvalidSpec(text) => Self::new(INVALID_SPEC, text),
            RunnerError::Internal(text) => Self::new(INTERNAL, text),
            RunnerError::MissingField(field) => Self::new(MISSING_FIELD, "").about(field),
            RunnerError::Io(text) => Self::new(IO, text),
        }
    }
}

impl From<TaskError> for FfiError {
    fn from(err: TaskError) -> Self {
        let exit_code = err.exit_code().into();
        match err {
            TaskError::Timeout { timeout } => Self {
                nanos: u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX),
                ..Self::new(TIMEOUT, "")
            },
            TaskError::Fatal { reason, .. } => Self {
                exit_code,
                ..Self::new(FATAL, reason)
            },
            TaskError::Fail { reason, .. } => Self {
                exit_code,
                ..Self::new(FAIL, reason)
            },
            TaskError::Canceled => Self::new(CANCELED, ""),
            // A variant of a newer taskvisor: its text survives, and it is not retried blindly.
            other => Self {
                exit_code,
                ..Self::new(FATAL, other.to_string())
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 4] = ["", "no such file", "größer — 大", "two\nlines\0and a zero"];
    const EXIT_CODES: [Option<i32>; 6] = [
        None,
        Some(0),
        Some(1),
        Some(-1),
        Some(i32::MAX),
        Some(i32::MIN),
    ];

    fn runner_errors() -> Vec<RunnerError> {
        // A new variant does not compile here: it then needs a code, and a line below.
        let _every_variant = |err: &RunnerError| match err {
            RunnerError::NoRunner(_)
            | RunnerError::UnsupportedKind { .. }
            | RunnerError::InvalidSpec(_)
            | RunnerError::Internal(_)
            | RunnerError::MissingField(_)
            | RunnerError::Io(_) => (),
        };
        TEXTS
            .into_iter()
            .flat_map(|text| {
                [
                    RunnerError::NoRunner(text.to_owned()),
                    RunnerError::UnsupportedKind {
                        runner: text,
                        kind: "wasm".to_owned(),
                    },
                    RunnerError::UnsupportedKind {
                        runner: "shell",
                        kind: text.to_owned(),
                    },
                    RunnerError::InvalidSpec(text.to_owned()),
                    RunnerError::Internal(text.to_owned()),
                    RunnerError::MissingField(text),
                    RunnerError::Io(text.to_owned()),
                ]
            })
            .collect()
    }

    fn task_errors() -> Vec<TaskError> {
        let timeouts = [
            Duration::ZERO,
            Duration::from_nanos(1),
            Duration::new(30, 7),
            Duration::from_nanos(u64::MAX),
        ];
        let mut errors: Vec<_> = timeouts
            .map(|timeout| TaskError::Timeout { timeout })
            .into_iter()
            .collect();
        errors.push(TaskError::Canceled);
        for text in TEXTS {
            for exit_code in EXIT_CODES {
                errors.push(TaskError::Fatal {
                    reason: text.to_owned(),
                    exit_code,
                });
                errors.push(TaskError::Fail {
                    reason: text.to_owned(),
                    exit_code,
                });
            }
        }
        errors
    }

    #[test]
    fn a_runners_error_comes_back_as_the_same_variant_with_the_same_fields() {
        for err in runner_errors() {
            let expected = format!("{err:?}");
            let crossed = FfiError::from(err);
            assert!(crossed.clone().into_task_error().is_err(), "{expected}");
            let back = crossed.into_runner_error().expect("the code is a runner's");
            assert_eq!(format!("{back:?}"), expected);
        }
    }

    #[test]
    fn a_tasks_error_comes_back_as_the_same_variant_with_the_same_fields() {
        for err in task_errors() {
            let expected = (format!("{err:?}"), err.is_retryable(), err.exit_code());
            let crossed = FfiError::from(err);
            assert!(crossed.clone().into_runner_error().is_err(), "{expected:?}");
            let back = crossed.into_task_error().expect("the code is a task's");
            assert_eq!(
                (format!("{back:?}"), back.is_retryable(), back.exit_code()),
                expected
            );
        }
    }

    #[test]
    fn a_timeout_beyond_what_crosses_becomes_the_longest_that_does() {
        let crossed = FfiError::from(TaskError::Timeout {
            timeout: Duration::MAX,
        });
        let back = crossed.into_task_error().expect("the code is a task's");
        let longest = Duration::from_nanos(u64::MAX);
        assert!(
            matches!(back, TaskError::Timeout { timeout } if timeout == longest),
            "{back:?}"
        );
    }

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
