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
