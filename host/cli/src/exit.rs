//! How the program ends. Every exit code is decided here, and nowhere else.

use crate::outcome::Outcome;

/// How the program ended. [`Exit::code`] is the number that its parent reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Every task succeeded, every file was accepted, or help was asked for and printed.
    Success,
    /// A task failed, timed out, was cancelled or was not admitted; or it succeeded, but another
    /// spec could not be read.
    TaskFailed,
    /// A plugin file was rejected by `list` or `check`, or `inspect` found a problem in one.
    FileRejected,
    /// `forget` was given a file or digest of which nothing was remembered.
    NothingForgotten,
    /// The tasks ran or the files were looked at, but the output of tasks, a summary or metrics
    /// could not be written.
    NotWritten,
    /// There is no result: the arguments are wrong, a directory or a key cannot be used, not one
    /// spec can be read, or what a command about files found cannot be printed.
    NoResult,
    /// A second Ctrl-C or SIGTERM ended the program before its tasks had ended.
    Interrupted,
}

impl Exit {
    /// The exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::TaskFailed | Self::FileRejected | Self::NothingForgotten | Self::NotWritten => 1,
            Self::NoResult => 2,
            // What a shell reports for a program that Ctrl-C ended.
            Self::Interrupted => 130,
        }
    }

    /// The end of a run whose tasks ended like `outcomes`, beside `unreadable` specs.
    pub(crate) fn of_run<'a>(
        outcomes: impl IntoIterator<Item = &'a Outcome>,
        unreadable: usize,
    ) -> Self {
        let mut outcomes = outcomes.into_iter().peekable();
        let any_ran = outcomes.peek().is_some();
        let all_succeeded = outcomes.all(|outcome| *outcome == Outcome::Succeeded);
        match unreadable {
            0 if all_succeeded => Self::Success,
            1.. if !any_ran => Self::NoResult,
            _ => Self::TaskFailed,
        }
    }

    /// The end of a command about plugin files, when `rejected` of them are not accepted.
    pub(crate) fn of_files(rejected: usize) -> Self {
        match rejected {
            0 => Self::Success,
            _ => Self::FileRejected,
        }
    }

    /// The end of a program whose command line says what `err` says: help is no failure.
    pub(crate) fn of_usage(err: &clap::Error) -> Self {
        if err.use_stderr() {
            Self::NoResult
        } else {
            Self::Success
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_has_its_code() {
        let codes = [
            (Exit::Success, 0),
            (Exit::TaskFailed, 1),
            (Exit::FileRejected, 1),
            (Exit::NothingForgotten, 1),
            (Exit::NotWritten, 1),
            (Exit::NoResult, 2),
            (Exit::Interrupted, 130),
        ];
        for (exit, code) in codes {
            assert_eq!(exit.code(), code, "{exit:?}");
        }
    }

    #[test]
    fn a_run_succeeds_only_when_every_task_does() {
        let failed = Outcome::failed("no");
        let cancelled = Outcome::canceled("interrupted");
        assert_eq!(Exit::of_run([&Outcome::Succeeded], 0), Exit::Success);
        assert_eq!(Exit::of_run([], 0), Exit::Success);
        for other in [&failed, &cancelled] {
            assert_eq!(
                Exit::of_run([&Outcome::Succeeded, other], 0),
                Exit::TaskFailed
            );
        }
    }

    #[test]
    fn an_unreadable_spec_means_no_result_only_when_no_task_ran() {
        assert_eq!(Exit::of_run([], 2), Exit::NoResult);
        assert_eq!(Exit::of_run([&Outcome::Succeeded], 1), Exit::TaskFailed);
        assert_eq!(Exit::of_run([&Outcome::failed("no")], 1), Exit::TaskFailed);
    }

    #[test]
    fn a_command_about_files_fails_when_one_is_rejected() {
        assert_eq!(Exit::of_files(0), Exit::Success);
        assert_eq!(Exit::of_files(1), Exit::FileRejected);
    }

    #[test]
    fn help_succeeds_and_a_wrong_argument_does_not() {
        use clap::Parser as _;

        let end = |argument| {
            let err = crate::args::Args::try_parse_from(["solti-host", argument]).unwrap_err();
            Exit::of_usage(&err)
        };
        assert_eq!(end("--help"), Exit::Success);
        assert_eq!(end("--version"), Exit::Success);
        assert_eq!(end("--no-such-option"), Exit::NoResult);
    }
}
