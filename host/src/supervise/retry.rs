//! Whether a task is attempted again, and when.

use std::time::Duration;

use solti_model::{BackoffPolicy, JitterPolicy, RestartPolicy};

use super::outcome::Outcome;
use super::submission::Submission;

/// How long after an attempt the next one begins; `None` when there is none.
///
/// `failures` is how many attempts have failed in a row, this one included, and `retries` how many may be
/// tried again, 0 for any number.
pub(super) fn next(
    submission: &Submission,
    outcome: &Outcome,
    failures: u32,
    retries: u32,
) -> Option<Duration> {
    match (submission.restart(), outcome) {
        (RestartPolicy::Always { interval_ms }, Outcome::Succeeded) => {
            Some(interval_ms.map_or(Duration::ZERO, Duration::from_millis))
        }
        (
            RestartPolicy::Always { .. } | RestartPolicy::OnFailure,
            Outcome::Failed { .. } | Outcome::TimedOut { .. },
        ) if retries == 0 || failures <= retries => {
            Some(backoff(submission.backoff()).next(failures.saturating_sub(1)))
        }
        _ => None,
    }
}

/// A policy of the model as the one that computes delays.
fn backoff(policy: &BackoffPolicy) -> taskvisor::BackoffPolicy {
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
