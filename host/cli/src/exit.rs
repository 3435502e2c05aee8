//! How the program ends. Every exit code is decided here, and nowhere else.

use serde_json::Value;
use solti_plugin_host::AttemptOutcome;
use solti_plugin_host::supervise::Outcome;

#[cfg(feature = "pack")]
use crate::present::message;

/// How the program ended. [`Exit::code`] is the number that its parent reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Every task succeeded, every file was accepted, or help was asked for and printed.
    Success,
    /// A task failed, timed out, was cancelled or was not admitted; or it succeeded, but another
    /// spec could not be read.
    TaskFailed,
    /// A plugin file was rejected by `list`, `check` or `pack`, `inspect` found a problem in one, one does
    /// not say what `config` asks for, or a pack was refused.
    FileRejected,
    /// `conform` found a rule that the plugin breaks.
    RuleBroken,
    /// A crate could not be built by `dev`, or what came of it was refused, or its tasks did not succeed.
    #[cfg(feature = "dev")]
    RoundFailed,
    /// `forget` was given a file or digest of which nothing was remembered.
    NothingForgotten,
    /// The tasks ran, or the files were looked at, packed or installed, but the output of tasks, a summary or
    /// metrics could not be written.
    NotWritten,
    /// There is no result: the arguments are wrong, a directory or a key cannot be used, not one
    /// spec can be read, or what a command about files found cannot be printed.
    NoResult,
    /// The signal of this number ended the run: Ctrl-C, SIGTERM or another.
    Signaled(i32),
    /// `exec` ends as its command did: with its exit code, or with 128 and the signal that ended it.
    Command(u8),
    /// `exec` could not do its own part: load the plugins, find one for the command, or write.
    HostFailed,
}

/// What `exec` ends with, beside the command's own codes, as `env`, `timeout` and `docker run` have it.
mod of_exec {
    /// The command's time was over.
    pub(super) const TIMED_OUT: u8 = 124;
    /// The program's own part failed.
    pub(super) const HOST_FAILED: u8 = 125;
    /// The command is there and cannot be executed.
    pub(super) const NOT_EXECUTABLE: u8 = 126;
    /// There is no such command.
    pub(super) const NOT_FOUND: u8 = 127;
    /// What is added to the number of a signal.
    pub(super) const SIGNALED: u8 = 128;
}

/// What ends a program whose reader has left.
pub(crate) const SIGPIPE: i32 = 13;

/// The exit code that a shell reports for a program that a signal ended.
fn signaled(signal: i32) -> u8 {
    u8::try_from(signal).unwrap_or(0) | of_exec::SIGNALED
}

impl Exit {
    /// The exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            #[cfg(feature = "dev")]
            Self::RoundFailed => 1,
            Self::TaskFailed
            | Self::FileRejected
            | Self::RuleBroken
            | Self::NothingForgotten
            | Self::NotWritten => 1,
            Self::NoResult => 2,
            // As a shell reports it: 130 for Ctrl-C.
            Self::Signaled(signal) => signaled(signal),
            Self::Command(code) => code,
            Self::HostFailed => of_exec::HOST_FAILED,
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

    /// The end of a check of specs: of those that a runner would take, those that none would, and those
    /// that could not be read.
    pub(crate) fn of_check(good: usize, without: usize, unreadable: usize) -> Self {
        match (good, without, unreadable) {
            (_, 0, 0) => Self::Success,
            (0, 0, _) => Self::NoResult,
            _ => Self::TaskFailed,
        }
    }

    /// The end of `exec`, whose command ended like `outcome` and with `exit_code`, and of which its runner
    /// said `told`; the signal `ended_by` is the one that this program was sent.
    pub(crate) fn of_command(
        outcome: &Outcome,
        exit_code: Option<i32>,
        told: &AttemptOutcome,
        ended_by: Option<i32>,
    ) -> Self {
        let own = match (told.signal, exit_code) {
            (Some(signal), _) => Some(signaled(signal)),
            // As the system has it: of an exit code eight bits are told.
            (None, Some(code)) => Some(code as u8),
            (None, None) => None,
        };
        match outcome {
            // Its reader left before it had read all.
            Outcome::Succeeded if ended_by == Some(SIGPIPE) => Self::Command(signaled(SIGPIPE)),
            Outcome::Succeeded => Self::Success,
            Outcome::TimedOut { .. } => Self::Command(of_exec::TIMED_OUT),
            Outcome::Canceled { .. } => {
                ended_by.map_or(Self::HostFailed, |signal| Self::Command(signaled(signal)))
            }
            Outcome::Failed { .. } => Self::Command(own.unwrap_or_else(|| {
                match told.details.get("error").and_then(Value::as_str) {
                    Some("not_found") => of_exec::NOT_FOUND,
                    Some("not_executable") => of_exec::NOT_EXECUTABLE,
                    _ => of_exec::HOST_FAILED,
                }
            })),
            // It never started.
            _ => Self::HostFailed,
        }
    }

    /// The end of a program that has waited for a task whose time was over.
    #[cfg(feature = "client")]
    pub(crate) fn timed_out() -> Self {
        Self::Command(of_exec::TIMED_OUT)
    }

    /// The end of `exec`, if it is one, or else of `run`, whose tasks were not over when it had to end.
    pub(crate) fn stopped(is_command: bool) -> Self {
        if is_command {
            Self::HostFailed
        } else {
            Self::TaskFailed
        }
    }

    /// The end of a run that would end like this, and was sent one signal to end it, or `again` another.
    ///
    /// Whoever waits for it learns that it was ended, as a shell does that runs a script. Only `exec` ends
    /// as its command did, also where that was because of the signal.
    pub(crate) fn after(self, first: Option<i32>, again: Option<i32>) -> Self {
        match (self, first, again) {
            (_, _, Some(signal)) => Self::Signaled(signal),
            (Self::Command(_) | Self::HostFailed, _, None) | (_, None, None) => self,
            (_, Some(signal), None) => Self::Signaled(signal),
        }
    }

    /// The end of a command about plugin files, when `rejected` of them are not accepted.
    pub(crate) fn of_files(rejected: usize) -> Self {
        match rejected {
            0 => Self::Success,
            _ => Self::FileRejected,
        }
    }

    /// The end of `conform`, when this many rules count as broken.
    pub(crate) fn of_rules(broken: usize) -> Self {
        match broken {
            0 => Self::Success,
            _ => Self::RuleBroken,
        }
    }

    /// The end of a command that has done its work, when what it says of that was `printed` or not.
    #[cfg(feature = "pack")]
    pub(crate) fn of_printing(printed: anyhow::Result<()>) -> Self {
        match printed {
            Ok(()) => Self::Success,
            Err(err) => {
                message::error(format_args!("{err:#}"));
                Self::NotWritten
            }
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
            (Exit::RuleBroken, 1),
            #[cfg(feature = "dev")]
            (Exit::RoundFailed, 1),
            (Exit::NothingForgotten, 1),
            (Exit::NotWritten, 1),
            (Exit::NoResult, 2),
            (Exit::Signaled(2), 130),
            (Exit::Signaled(15), 143),
            (Exit::Command(42), 42),
            (Exit::HostFailed, 125),
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
    fn exec_ends_as_its_command_did_and_its_own_failures_are_told_apart() {
        let failed = Outcome::failed("no");
        let error = |error: &str| AttemptOutcome::default().with_detail("error", error);
        for (outcome, told, code) in [
            (&Outcome::Succeeded, AttemptOutcome::exited(0), 0),
            (&failed, AttemptOutcome::exited(42), 42),
            (&failed, AttemptOutcome::exited(256 + 7), 7),
            (&failed, AttemptOutcome::signaled(9), 137),
            (&failed, error("not_found"), 127),
            (&failed, error("not_executable"), 126),
            (&failed, AttemptOutcome::default(), 125),
            (
                &Outcome::canceled("interrupted"),
                AttemptOutcome::signaled(9),
                143,
            ),
        ] {
            assert_eq!(
                Exit::of_command(outcome, told.exit_code, &told, Some(15)).code(),
                code,
                "{outcome:?} {told:?}"
            );
        }
    }

    #[test]
    fn a_run_that_a_signal_ends_says_so_and_exec_ends_as_its_command_did() {
        for (exit, first, again, code) in [
            (Exit::TaskFailed, None, None, 1),
            (Exit::TaskFailed, Some(2), None, 130),
            (Exit::Success, Some(15), None, 143),
            (Exit::NotWritten, Some(1), None, 129),
            (Exit::TaskFailed, Some(2), Some(15), 143),
            (Exit::Command(130), Some(2), None, 130),
            (Exit::Command(3), Some(2), None, 3),
            (Exit::Command(3), Some(2), Some(15), 143),
            (Exit::HostFailed, Some(2), None, 125),
        ] {
            assert_eq!(exit.after(first, again).code(), code, "{exit:?} {first:?}");
        }
    }

    #[test]
    fn a_code_that_a_runner_gives_with_its_error_is_the_command_s() {
        let failed = Outcome::failed("no");
        let told = AttemptOutcome::default();
        assert_eq!(Exit::of_command(&failed, Some(3), &told, None).code(), 3);
    }

    #[test]
    fn an_unreadable_spec_means_no_result_only_when_no_task_ran() {
        assert_eq!(Exit::of_run([], 2), Exit::NoResult);
        assert_eq!(Exit::of_run([&Outcome::Succeeded], 1), Exit::TaskFailed);
        assert_eq!(Exit::of_run([&Outcome::failed("no")], 1), Exit::TaskFailed);
    }

    #[test]
    fn a_check_of_specs_succeeds_only_when_a_runner_would_take_each() {
        assert_eq!(Exit::of_check(2, 0, 0), Exit::Success);
        assert_eq!(Exit::of_check(1, 1, 0), Exit::TaskFailed);
        assert_eq!(Exit::of_check(0, 1, 1), Exit::TaskFailed);
        assert_eq!(Exit::of_check(1, 0, 1), Exit::TaskFailed);
        assert_eq!(Exit::of_check(0, 0, 1), Exit::NoResult);
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
