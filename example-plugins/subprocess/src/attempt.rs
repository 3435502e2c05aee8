//! One run of a task: start, wait, outcome.

use std::future::Future;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use solti_plugin_abi::MetricsHandle;
use solti_plugin_abi::prelude::*;

use crate::command::CommandLine;
use crate::config::Config;
use crate::process::Process;

/// A task: what all its attempts share.
pub(crate) struct Job {
    pub(crate) id: TaskId,
    pub(crate) command: CommandLine,
    /// Whether an exit code other than zero is a failure.
    pub(crate) fail_on_non_zero: bool,
    /// How long the supervisor lets an attempt run.
    pub(crate) timeout: Duration,
    pub(crate) config: Config,
    pub(crate) output: Arc<OutputRegistry>,
    pub(crate) metrics: MetricsHandle,
}

/// Runs the attempt with this number; the first is 1.
///
/// Dropping the future kills every process of the attempt.
pub(crate) fn run(
    job: Arc<Job>,
    number: u32,
    cancel: CancellationToken,
) -> impl Future<Output = Result<(), TaskError>> {
    // Not inside the future, which a busy runtime polls later: the supervisor's clock starts when
    // this function returns, and the record's must not show less time at the timeout.
    let metrics = Arc::clone(&job.metrics);
    let record = AttemptRecord::begin(metrics, RunnerType::Subprocess, job.timeout);
    async move {
        let result = job.attempt(number, cancel).await;
        record.end(&result);
        result
    }
}

impl Job {
    async fn attempt(&self, number: u32, cancel: CancellationToken) -> Result<(), TaskError> {
        if cancel.is_cancelled() {
            return Err(TaskError::Canceled);
        }
        let mut process = self.start(number).map_err(|reason| {
            self.metrics
                .record_runner_error(RunnerType::Subprocess, RunnerErrorKind::SpawnFailed);
            fatal(format!("spawn failed: {reason}"))
        })?;
        let status = tokio::select! {
            // Looked at first: a process that never stops writing must not put it off.
            biased;
            () = cancel.cancelled() => {
                process.stop(self.config.stop_grace()).await;
                return Err(TaskError::Canceled);
            }
            status = process.wait() => status,
        };
        match status {
            Ok(status) => verdict(status, self.fail_on_non_zero),
            Err(err) => Err(fatal(format!("wait failed: {err}"))),
        }
    }

    fn start(&self, number: u32) -> Result<Process, String> {
        let child = self.command.spawn()?;
        let sink = self.output.sink_for(self.id.clone(), number);
        Process::new(child, &sink, self.config.max_line_bytes())
            .map_err(|err| format!("cannot read the output of the process: {err}"))
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
    use std::os::unix::process::ExitStatusExt;

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
