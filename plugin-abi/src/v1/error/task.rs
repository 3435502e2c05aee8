//! A task's errors.

use std::time::Duration;

use taskvisor::TaskError;

use super::FfiError;

const TIMEOUT: u32 = 32;
const FATAL: u32 = 33;
const FAIL: u32 = 34;
const CANCELED: u32 = 35;

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

impl FfiError {
    /// Turns the error back into a task's.
    ///
    /// # Errors
    ///
    /// The whole error, where its code is not one of `TaskError`'s.
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
}
