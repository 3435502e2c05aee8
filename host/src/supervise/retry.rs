//! Whether a task is attempted again, and when.

use std::time::Duration;

use solti_model::RestartPolicy;
use solti_plugin_abi::backoff;

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
