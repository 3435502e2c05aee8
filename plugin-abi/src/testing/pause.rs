//! Whether there is another attempt, and when.

use std::time::Duration;

use solti_model::RestartPolicy;

use super::failure::Failure;
use super::work::Work;
use crate::backoff::backoff;

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
            Some(backoff(work.backoff()).next(failures.saturating_sub(1)))
        }
        _ => None,
    }
}
