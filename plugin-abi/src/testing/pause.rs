//! Whether there is another attempt, and when.

use std::time::Duration;

use solti_model::{BackoffPolicy, JitterPolicy, RestartPolicy};

use super::failure::Failure;
use super::work::Work;

/// How long after an attempt the next one begins, by the policies of the spec; `None` where there is
/// none. `failures` is how many have failed in a row.
pub(super) fn before_next(
    work: &Work,
    result: &Result<(), Failure>,
    failures: u32,
) -> Option<Duration> {
    match (work.restart(), result) {
        (RestartPolicy::Always { interval_ms }, Ok(())) => {
            Some(Duration::from_millis(interval_ms.unwrap_or(0)))
        }
        (RestartPolicy::Always { .. } | RestartPolicy::OnFailure, Err(failure))
            if failure.is_retryable() =>
        {
            Some(delays(work.backoff()).next(failures.saturating_sub(1)))
        }
        _ => None,
    }
}

/// A policy of the model as the one that computes delays.
fn delays(policy: &BackoffPolicy) -> taskvisor::BackoffPolicy {
    taskvisor::BackoffPolicy {
        first: Duration::from_millis(policy.first_ms),
        max: Duration::from_millis(policy.max_ms),
        factor: policy.factor,
        jitter: match policy.jitter {
            JitterPolicy::None => taskvisor::JitterPolicy::None,
            JitterPolicy::Equal => taskvisor::JitterPolicy::Equal,
            JitterPolicy::Decorrelated => taskvisor::JitterPolicy::Decorrelated,
            _ => taskvisor::JitterPolicy::Full,
        },
    }
}
