//! A backend of metrics that counts what runners report.
//!
//! ```
//! use solti_plugin_host::counts::Counters;
//! use solti_plugin_host::{MetricsBackend as _, RunnerType};
//!
//! let counters = Counters::default();
//! counters.record_task_started(RunnerType::Subprocess);
//! let text = counters.counts().prometheus();
//! assert!(text.contains("solti_tasks_started_total{runner_type=\"subprocess\"} 1"));
//! ```

mod text;

use std::collections::BTreeMap;

use parking_lot::Mutex;
use serde::Serialize;
use solti_plugin_abi::{MetricsBackend, RunnerErrorKind, RunnerType, TaskOutcome};

/// A backend of metrics that counts.
#[derive(Debug, Default)]
pub struct Counters(Mutex<Counts>);

/// What has been counted, by the labels of the runner type, the outcome and the kind of error.
#[derive(Debug, Default, Clone, Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// Attempts started.
    pub started: BTreeMap<&'static str, u64>,
    /// Attempts that ended, by outcome.
    pub completed: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
    /// Errors of the runners themselves, by kind.
    pub errors: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
}

impl Counters {
    /// What has been counted so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.0.lock().clone()
    }
}

impl Counts {
    /// The runner types that reported anything.
    pub fn runner_types(&self) -> impl Iterator<Item = &'static str> {
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
