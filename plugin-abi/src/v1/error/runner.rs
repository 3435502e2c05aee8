//! A runner's errors.

use abi_stable::std_types::RString;

use super::FfiError;
use crate::error::RunnerError;
use crate::intern::intern;

const NO_RUNNER: u32 = 16;
const UNSUPPORTED_KIND: u32 = 17;
const INVALID_SPEC: u32 = 18;
const INTERNAL: u32 = 19;
const MISSING_FIELD: u32 = 20;
const IO: u32 = 21;

impl From<RunnerError> for FfiError {
    fn from(err: RunnerError) -> Self {
        let about = |code, subject: &str, text: String| Self {
            subject: RString::from(subject),
            ..Self::new(code, text)
        };
        match err {
            RunnerError::NoRunner(text) => Self::new(NO_RUNNER, text),
            RunnerError::UnsupportedKind { runner, kind } => about(UNSUPPORTED_KIND, runner, kind),
            RunnerError::InvalidSpec(text) => Self::new(INVALID_SPEC, text),
            RunnerError::Internal(text) => Self::new(INTERNAL, text),
            RunnerError::MissingField(field) => about(MISSING_FIELD, field, String::new()),
            RunnerError::Io(text) => Self::new(IO, text),
        }
    }
}

impl FfiError {
    /// Turns the error back into a runner's.
    ///
    /// # Errors
    ///
    /// The whole error, where its code is not one of `RunnerError`'s.
    pub fn into_runner_error(self) -> Result<RunnerError, Self> {
        let text = || self.text.to_string();
        Ok(match self.code {
            NO_RUNNER => RunnerError::NoRunner(text()),
            UNSUPPORTED_KIND => RunnerError::UnsupportedKind {
                runner: intern(&self.subject),
                kind: text(),
            },
            INVALID_SPEC => RunnerError::InvalidSpec(text()),
            INTERNAL => RunnerError::Internal(text()),
            MISSING_FIELD => RunnerError::MissingField(intern(&self.subject)),
            IO => RunnerError::Io(text()),
            _ => return Err(self),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 4] = ["", "no such file", "größer — 大", "two\nlines\0and a zero"];

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
}
