//! Counts what runners report.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use serde::Serialize;
use solti_plugin_host::{MetricsBackend, RunnerErrorKind, RunnerType, TaskOutcome};

/// A backend that counts.
#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<Counts>);

/// What has been counted, by the labels of the runner type, the outcome and the kind of error.
#[derive(Debug, Default, Clone, Serialize)]
pub(crate) struct Counts {
    pub(crate) started: BTreeMap<&'static str, u64>,
    pub(crate) completed: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
    pub(crate) errors: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
}

impl Counters {
    /// What has been counted so far.
    pub(crate) fn counts(&self) -> Counts {
        self.0.lock().clone()
    }
}

impl Counts {
    /// The runner types that reported anything.
    pub(crate) fn runner_types(&self) -> impl Iterator<Item = &'static str> {
        RunnerType::ALL
            .iter()
            .map(|runner_type| runner_type.as_label())
            .filter(|label| {
                self.started.contains_key(label)
                    || self.completed.contains_key(label)
                    || self.errors.contains_key(label)
            })
    }
}

impl MetricsBackend for Counters {
    fn record_task_started(&self, runner_type: RunnerType) {
        let mut counts = self.0.lock();
        *counts.started.entry(runner_type.as_label()).or_default() += 1;
    }

    fn record_task_completed(&self, runner_type: RunnerType, outcome: TaskOutcome, _: u64) {
        let mut counts = self.0.lock();
        let by_outcome = counts.completed.entry(runner_type.as_label()).or_default();
        *by_outcome.entry(outcome.as_label()).or_default() += 1;
    }

    fn record_runner_error(&self, runner_type: RunnerType, error_kind: RunnerErrorKind) {
        let mut counts = self.0.lock();
        let by_kind = counts.errors.entry(runner_type.as_label()).or_default();
        *by_kind.entry(error_kind.as_label()).or_default() += 1;
    }
}
