//! What a subject is given to build.

use std::time::Duration;

use solti_model::{BackoffPolicy, RestartPolicy, TaskSpec};

use crate::workload::Workload;

/// What a [`Subject`](super::Subject) is given to build: a spec, or a workload of a kind of its own.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Work {
    /// A spec of one of the model's kinds.
    Spec(Box<TaskSpec>),
    /// A workload.
    Workload(Box<Workload>),
}

impl Work {
    /// The name of its kind.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::Spec(spec) => spec.kind().kind(),
            Self::Workload(workload) => &workload.kind,
        }
    }

    pub(super) fn timeout(&self) -> Duration {
        let timeout = match self {
            Self::Spec(spec) => spec.timeout(),
            Self::Workload(workload) => workload.timeout,
        };
        Duration::from_millis(timeout.as_millis())
    }

    pub(super) fn restart(&self) -> RestartPolicy {
        match self {
            Self::Spec(spec) => spec.restart(),
            Self::Workload(workload) => workload.restart,
        }
    }

    pub(super) fn backoff(&self) -> &BackoffPolicy {
        match self {
            Self::Spec(spec) => spec.backoff(),
            Self::Workload(workload) => &workload.backoff,
        }
    }
}
