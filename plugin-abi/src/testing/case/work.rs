//! A task of a test as what is built, and the other way.

use std::time::Duration;

use solti_model::TaskSpec;

use super::Case;
use super::kind::Kind;
use crate::testing::work::Work;
use crate::workload::Workload;

impl Case {
    /// What is built.
    pub(in crate::testing) fn work(&self) -> Work {
        let timeout = u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX);
        match &self.kind {
            Kind::Own(kind, spec) => {
                let mut workload = Workload::new(self.slot.as_str(), kind, timeout, spec.clone());
                workload.restart = self.restart;
                workload.backoff = self.backoff.clone();
                workload.admission = self.admission;
                workload.runner_selector = self.selector.clone();
                workload.labels = self.labels.clone();
                Work::Workload(Box::new(workload))
            }
            Kind::OfModel(kind) => {
                let mut spec = TaskSpec::builder(self.slot.as_str(), kind.clone(), timeout)
                    .restart(self.restart)
                    .backoff(self.backoff.clone())
                    .admission(self.admission)
                    .labels(self.labels.clone());
                if let Some(selector) = &self.selector {
                    spec = spec.runner_selector(selector.clone());
                }
                match spec.build() {
                    Ok(spec) => Work::Spec(Box::new(spec)),
                    Err(err) => panic!("the spec of this test is none: {err}"),
                }
            }
        }
    }
}

impl From<TaskSpec> for Case {
    fn from(spec: TaskSpec) -> Self {
        Self {
            slot: spec.slot().to_string(),
            timeout: Duration::from_millis(spec.timeout().as_millis()),
            restart: spec.restart(),
            backoff: spec.backoff().clone(),
            admission: spec.admission(),
            selector: spec.runner_selector().cloned(),
            labels: spec.labels().clone(),
            ..Self::new(Kind::OfModel(spec.kind().clone()))
        }
    }
}

impl From<Workload> for Case {
    fn from(workload: Workload) -> Self {
        Self {
            slot: workload.slot.to_string(),
            timeout: Duration::from_millis(workload.timeout.as_millis()),
            restart: workload.restart,
            backoff: workload.backoff,
            admission: workload.admission,
            selector: workload.runner_selector,
            labels: workload.labels,
            ..Self::new(Kind::Own(workload.kind, workload.spec))
        }
    }
}
