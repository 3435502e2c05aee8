//! A task that does what tasks do, for a probe.
//!
//! A file that is damaged where only a running task looks would be found by a host at its first task,
//! and end it. The author's runner is not asked for this task: that may do something outside of the
//! process.

use std::time::Duration;

use taskvisor::{TaskError, TaskRef};

use crate::attempt::{Attempt, attempts_of};
use crate::context::BuildContext;
use crate::metrics::{RunnerErrorKind, RunnerType};
use crate::runner::Runner;
use crate::v1::rehearsal::{LINE, TARGET};

/// What it is called in the log and the metrics of the probe.
const NAME: &str = "rehearsal";

/// The longest that it waits to be cancelled.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A timer that has to be waited for.
const TICK: Duration = Duration::from_millis(1);

/// Builds it.
pub(super) fn task(runner: &dyn Runner, context: &BuildContext) -> TaskRef {
    let kind = || RunnerType::custom(NAME);
    context
        .metrics()
        .record_runner_error(kind(), RunnerErrorKind::BackendConfigFailed);
    attempts_of(
        runner,
        NAME,
        kind(),
        TIMEOUT,
        context,
        |attempt| async move {
            // A worker, a timer, and a thread that may block: what the author's code is most likely to use.
            // Where the system has no thread for the last, that is for the author's tasks to say.
            let begun = tokio::spawn(async {
                tokio::time::sleep(TICK).await;
                tokio::task::spawn_blocking(|| ()).await
            });
            drop(begun.await);
            speak(&attempt);
            attempt.cancellation().cancelled().await;
            Err(TaskError::Canceled)
        },
    )
}

fn speak(attempt: &Attempt) {
    tracing::trace!(target: TARGET, attempt = attempt.number(), "speaks");
    tracing::debug!(target: TARGET, id = %attempt.id(), "speaks");
    tracing::info!(target: TARGET, "speaks");
    tracing::warn!(target: TARGET, "speaks");
    tracing::error!(target: TARGET, "speaks");
    tracing_log::log::info!(target: TARGET, "speaks through the log crate");
    attempt.stdout(LINE);
    attempt.stderr(LINE);
}
