//! One record for each attempt, however it ends.

use std::time::{Duration, Instant};

use solti_plugin_abi::MetricsHandle;
use solti_plugin_abi::prelude::*;

/// An attempt under way: recorded as started when made, as completed when dropped.
pub(crate) struct AttemptRecord {
    metrics: MetricsHandle,
    began: Instant,
    timeout: Duration,
    outcome: Option<TaskOutcome>,
}

impl AttemptRecord {
    /// Records that an attempt begins, to which the supervisor gives `timeout` from `began` on.
    pub(crate) fn begin(metrics: MetricsHandle, began: Instant, timeout: Duration) -> Self {
        metrics.record_task_started(RunnerType::Subprocess);
        Self {
            metrics,
            began,
            timeout,
            outcome: None,
        }
    }

    /// Takes the outcome of an attempt that came to its end.
    pub(crate) fn end(mut self, result: &Result<(), TaskError>) {
        self.outcome = Some(match result {
            Ok(()) => TaskOutcome::Success,
            Err(TaskError::Canceled) => TaskOutcome::Canceled,
            Err(_) => TaskOutcome::Failure,
        });
    }
}

impl Drop for AttemptRecord {
    fn drop(&mut self) {
        let elapsed = self.began.elapsed();
        // An attempt that was dropped on the way is told no reason. The supervisor drops one when
        // its time is up; before that it can only have been given up.
        let outcome = self.outcome.unwrap_or(if elapsed >= self.timeout {
            TaskOutcome::Timeout
        } else {
            TaskOutcome::Canceled
        });
        let duration_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        self.metrics
            .record_task_completed(RunnerType::Subprocess, outcome, duration_ms);
    }
}
