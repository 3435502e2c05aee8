//! What a spec asks for: a kind of the model, or one of a plugin's own.

use std::sync::Arc;

use solti_model::{Slot, TaskSpec};
use solti_plugin_abi::{Runner, Workload};

use crate::RunnerRouter;
use crate::supervise::Submission;

/// A task that a person has written.
#[derive(Debug, Clone)]
pub enum Spec {
    /// One of a kind of the model, whose `kind` is an object.
    Task(Box<TaskSpec>),
    /// One of any other kind, whose `kind` is a text.
    Workload(Box<Workload>),
}

impl Spec {
    /// The slot that it runs in.
    #[must_use]
    pub fn slot(&self) -> &Slot {
        match self {
            Self::Task(spec) => spec.slot(),
            Self::Workload(workload) => &workload.slot,
        }
    }

    /// The name of its kind.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::Task(spec) => spec.kind().kind(),
            Self::Workload(workload) => &workload.kind,
        }
    }

    /// The runner that would take it; `None` when there is none.
    #[must_use]
    pub fn pick<'r>(&self, router: &'r RunnerRouter) -> Option<&'r Arc<dyn Runner>> {
        match self {
            Self::Task(spec) => router.pick(spec),
            Self::Workload(workload) => router.pick_workload(workload),
        }
    }
}

impl From<TaskSpec> for Spec {
    fn from(spec: TaskSpec) -> Self {
        Self::Task(Box::new(spec))
    }
}

impl From<Workload> for Spec {
    fn from(workload: Workload) -> Self {
        Self::Workload(Box::new(workload))
    }
}

impl From<Spec> for Submission {
    fn from(spec: Spec) -> Self {
        match spec {
            Spec::Task(spec) => (*spec).into(),
            Spec::Workload(workload) => (*workload).into(),
        }
    }
}
