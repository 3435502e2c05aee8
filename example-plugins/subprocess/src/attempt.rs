//! One run of a task: start, wait, outcome.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use solti_plugin_abi::os_error::explain;
use solti_plugin_abi::prelude::*;

use crate::answers;
use crate::command::{CommandLine, NotStarted};
use crate::config::{Config, EndsWith};
use crate::process::{End, Patience, Process};
use crate::turns::{Turn, Turns};

/// How long before its deadline an attempt ends whose process has, but not its output: afterwards nobody
/// would hear how the process ended.
const TO_SAY_SO: Duration = Duration::from_millis(200);

/// A task: what all its attempts share.
pub(crate) struct Job {
    pub(crate) command: CommandLine,
    /// Whether an exit code other than zero is a failure.
    pub(crate) fail_on_non_zero: bool,
    /// The longest that an attempt may take.
    pub(crate) timeout: Duration,
    pub(crate) config: Config,
    pub(crate) turns: Turns,
    pub(crate) metrics: MetricsHandle,
}

impl Job {
    /// Runs one attempt. Dropping the future kills every process of it.
    pub(crate) async fn run(self: Arc<Self>, attempt: Attempt) -> Result<(), TaskError> {
        if attempt.is_cancelled() {
            return Err(TaskError::Canceled);
        }
        let started = tokio::select! {
            biased;
            () = attempt.cancelled() => return Err(TaskError::Canceled),
            started = self.start(&attempt) => started,
        };
        let (mut process, turn) =
            started.map_err(|not_started| self.failure(&attempt, not_started))?;
        let end = tokio::select! {
            // Looked at first: a process that never stops writing must not put it off.
            biased;
            () = attempt.cancelled() => {
                if let Some(status) = process.stop(self.config.stop_grace()).await {
                    attempt.set_outcome(outcome(status));
                }
                return Err(TaskError::Canceled);
            }
            end = turn.until(process.wait(self.patience(&attempt))) => end,
        };
        match end {
            Ok(End::Ended(status)) => {
                attempt.set_outcome(outcome(status));
                verdict(status, self.fail_on_non_zero)
            }
            // Its time is over, and its output is still held: how its process ended is known.
            Ok(End::Held(status)) => {
                attempt.set_outcome(outcome(status));
                let timeout = self.timeout;
                Err(TaskError::Timeout { timeout })
            }
            Err(err) => Err(fatal(format!("wait failed: {err}"))),
        }
    }

    /// Starts the process when it is its turn.
    async fn start(&self, attempt: &Attempt) -> Result<(Process, Turn), NotStarted> {
        let turn = self.turns.next().await;
        let child = self.command.spawn(attempt.take_stdin()).await?;
        attempt.answer_with(answers::of(child.signals()));
        let process = Process::new(child, attempt.output(), self.config.max_line_bytes());
        let process = process.map_err(|err| {
            // It is what the system has no more room for.
            let reason = explain(&err, "read it");
            NotStarted {
                reason: format!("cannot read the output of the process: {reason}"),
                may_pass: true,
                cause: None,
            }
        })?;
        Ok((process, turn))
    }

    /// How long the output is waited for once the process has ended.
    fn patience(&self, attempt: &Attempt) -> Patience {
        match self.config.ends_with {
            EndsWith::Process => Patience::For(self.config.linger()),
            EndsWith::Output => attempt.deadline().map_or(Patience::ForEver, |deadline| {
                let early = TO_SAY_SO.min(self.timeout / 10);
                Patience::Until(deadline.checked_sub(early).unwrap_or(deadline))
            }),
        }
    }

    /// Counts what could not be started, and says so in the supervisor's terms.
    fn failure(&self, attempt: &Attempt, not_started: NotStarted) -> TaskError {
        self.metrics
            .record_runner_error(RunnerType::Subprocess, RunnerErrorKind::SpawnFailed);
        if let Some(cause) = not_started.cause {
            attempt.set_outcome(AttemptOutcome::default().with_detail("error", cause));
        }
        let reason = format!("spawn failed: {}", not_started.reason);
        if not_started.may_pass {
            TaskError::Fail {
                reason,
                exit_code: None,
            }
        } else {
            fatal(reason)
        }
    }
}

/// What the supervisor learns of the end, on success as well.
fn outcome(status: ExitStatus) -> AttemptOutcome {
    match (status.code(), status.signal()) {
        (Some(code), _) => AttemptOutcome::exited(code),
        (None, Some(signal)) => AttemptOutcome::signaled(signal),
        (None, None) => AttemptOutcome::default(),
    }
}

fn fatal(reason: String) -> TaskError {
    TaskError::Fatal {
        reason,
        exit_code: None,
    }
}

/// What an exit status means for the task.
fn verdict(status: ExitStatus, fail_on_non_zero: bool) -> Result<(), TaskError> {
    let reason = match status.code() {
        Some(0) => return Ok(()),
        Some(_) if !fail_on_non_zero => return Ok(()),
        Some(code) => format!("process exited with non-zero code: {code}"),
        // The status displays as "signal: 9 (SIGKILL)". Without an exit code there is nothing that
        // `fail_on_non_zero` could forgive.
        None => format!("process terminated by {status}"),
    };
    Err(TaskError::Fail {
        reason,
        exit_code: status.code(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The status of a wait call for an exit code.
    fn exited(code: i32) -> ExitStatus {
        ExitStatus::from_raw(code << 8)
    }

    fn failure(status: ExitStatus, fail_on_non_zero: bool) -> (String, Option<i32>) {
        match verdict(status, fail_on_non_zero) {
            Err(TaskError::Fail { reason, exit_code }) => (reason, exit_code),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_exit_code_fails_the_task_only_where_the_spec_says_so() {
        assert!(verdict(exited(0), true).is_ok());
        assert!(verdict(exited(3), false).is_ok());
        assert_eq!(
            failure(exited(3), true),
            ("process exited with non-zero code: 3".to_owned(), Some(3))
        );
    }

    #[test]
    fn a_death_by_signal_is_never_taken_for_an_exit_code() {
        for fail_on_non_zero in [true, false] {
            assert_eq!(
                failure(ExitStatus::from_raw(9), fail_on_non_zero),
                ("process terminated by signal: 9 (SIGKILL)".to_owned(), None)
            );
        }
    }
}
