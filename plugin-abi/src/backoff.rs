//! The delays between attempts that a spec asks for.

use std::time::Duration;

use solti_model::{BackoffPolicy, JitterPolicy};

/// A policy of the model as the one that computes delays: for those who supervise, in a host and in tests.
#[must_use]
pub fn backoff(policy: &BackoffPolicy) -> taskvisor::BackoffPolicy {
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
