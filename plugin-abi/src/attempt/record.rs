//! One attempt at a task, in the metrics.

use std::fmt;
use std::time::Duration;

use taskvisor::TaskError;
// That of the runtime, which a test may have stopped; in a plugin it is the system's.
use tokio::time::Instant;

use crate::metrics::{MetricsHandle, RunnerType, TaskOutcome};

/// An attempt under way: counted as started when it is made, and as completed once, when it ends.
///
/// A supervisor stops an attempt by dropping its future, so an attempt often ends where no code of
/// the runner is left to report it. Held by that future, the record does: one that is dropped counts
/// as failed when a panic drops it, as timed out when the task's timeout has passed by then, and as
/// cancelled otherwise.
///
/// Make it where the future is made, not inside it: the supervisor's clock starts there, and a
/// future that is dropped before it is first polled was an attempt nonetheless.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use solti_plugin_abi::prelude::*;
/// use solti_plugin_abi::{AttemptRecord, noop_metrics};
///
/// let metrics = noop_metrics();
/// let timeout = Duration::from_secs(60);
/// let task: TaskRef = TaskFn::arc("task", move |_cancel| {
///     let record = AttemptRecord::begin(metrics.clone(), RunnerType::Wasm, timeout);
///     async move {
///         let result = Ok::<(), TaskError>(());
///         record.end(&result);
///         result
///     }
/// });
/// ```
#[must_use = "dropping it counts the attempt as over"]
pub struct AttemptRecord {
    metrics: MetricsHandle,
    runner_type: RunnerType,
    timeout: Duration,
    began: Instant,
    outcome: Option<TaskOutcome>,
}

impl AttemptRecord {
    /// Counts an attempt that begins now and that the supervisor ends after `timeout`.
    pub fn begin(metrics: MetricsHandle, runner_type: RunnerType, timeout: Duration) -> Self {
        metrics.record_task_started(runner_type);
        Self {
            metrics,
            runner_type,
            timeout,
            began: Instant::now(),
            outcome: None,
        }
    }

    /// Counts the attempt as completed, with the outcome that `result` stands for.
    pub fn end(mut self, result: &Result<(), TaskError>) {
        self.outcome = Some(match result {
            Ok(()) => TaskOutcome::Success,
            Err(TaskError::Canceled) => TaskOutcome::Canceled,
            Err(TaskError::Timeout { .. }) => TaskOutcome::Timeout,
            Err(_) => TaskOutcome::Failure,
        });
    }
}

impl fmt::Debug for AttemptRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttemptRecord")
            .field("runner_type", &self.runner_type)
            .field("timeout", &self.timeout)
            .field("began", &self.began)
            .finish_non_exhaustive()
    }
}

impl Drop for AttemptRecord {
    fn drop(&mut self) {
        let elapsed = self.began.elapsed();
        let outcome = self.outcome.unwrap_or(if std::thread::panicking() {
            TaskOutcome::Failure
        } else if elapsed >= self.timeout {
            TaskOutcome::Timeout
        } else {
            TaskOutcome::Canceled
        });
        let duration_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        self.metrics
            .record_task_completed(self.runner_type, outcome, duration_ms);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;
    use crate::metrics::{MetricsBackend, RunnerErrorKind};

    #[derive(Default)]
    struct Recorded(Mutex<Vec<Option<TaskOutcome>>>);

    impl MetricsBackend for Recorded {
        fn record_task_started(&self, _: RunnerType) {
            self.0.lock().push(None);
        }
        fn record_task_completed(&self, _: RunnerType, outcome: TaskOutcome, _: u64) {
            self.0.lock().push(Some(outcome));
        }
        fn record_runner_error(&self, _: RunnerType, _: RunnerErrorKind) {}
    }

    /// What is recorded for an attempt with this timeout that `end` brings to its end.
    fn recorded(timeout: Duration, end: impl FnOnce(AttemptRecord)) -> Vec<Option<TaskOutcome>> {
        let metrics = Arc::new(Recorded::default());
        let handle: MetricsHandle = Arc::clone(&metrics) as _;
        end(AttemptRecord::begin(handle, RunnerType::Wasm, timeout));
        metrics.0.lock().clone()
    }

    #[test]
    fn an_attempt_is_completed_once_with_what_it_returned() {
        let fail = || TaskError::Fail {
            reason: String::new(),
            exit_code: None,
        };
        let cases = [
            (Ok(()), TaskOutcome::Success),
            (Err(fail()), TaskOutcome::Failure),
            (Err(TaskError::Canceled), TaskOutcome::Canceled),
        ];
        for (result, outcome) in cases {
            let recorded = recorded(Duration::ZERO, |record| record.end(&result));
            assert_eq!(recorded, [None, Some(outcome)]);
        }
    }

    #[test]
    fn an_attempt_that_panics_has_failed() {
        let panicking = |record: AttemptRecord| {
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
                let _record = record;
                panic!("boom");
            }));
            assert!(caught.is_err());
        };
        let failed = [None, Some(TaskOutcome::Failure)];
        assert_eq!(recorded(Duration::MAX, panicking), failed);
    }

    #[test]
    fn a_dropped_attempt_is_told_from_one_whose_time_was_up() {
        let day = Duration::from_secs(24 * 60 * 60);
        assert_eq!(recorded(day, drop), [None, Some(TaskOutcome::Canceled)]);
        let timed_out = [None, Some(TaskOutcome::Timeout)];
        assert_eq!(recorded(Duration::ZERO, drop), timed_out);
    }
}
