//! The policies of a spec as those of the supervisor.

use std::time::Duration;

use solti_model::{AdmissionPolicy, BackoffPolicy, JitterPolicy, RestartPolicy};

pub(super) fn restart(policy: RestartPolicy) -> taskvisor::RestartPolicy {
    match policy {
        RestartPolicy::OnFailure => taskvisor::RestartPolicy::OnFailure,
        RestartPolicy::Always { interval_ms } => taskvisor::RestartPolicy::Always {
            interval: interval_ms.map(Duration::from_millis),
        },
        // A policy of a later model can only be read by a later host.
        _ => taskvisor::RestartPolicy::Never,
    }
}

pub(super) fn backoff(policy: &BackoffPolicy) -> taskvisor::BackoffPolicy {
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

pub(super) fn admission(policy: AdmissionPolicy) -> taskvisor::AdmissionPolicy {
    match policy {
        AdmissionPolicy::Replace => taskvisor::AdmissionPolicy::Replace,
        AdmissionPolicy::Queue => taskvisor::AdmissionPolicy::Queue,
        _ => taskvisor::AdmissionPolicy::DropIfRunning,
    }
}
