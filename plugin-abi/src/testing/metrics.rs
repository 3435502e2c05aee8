//! What a subject has reported to the metrics.

use std::collections::BTreeMap;
use std::fmt;

use parking_lot::Mutex;

use super::heard::Sample;
use crate::metrics::{MetricsBackend, RunnerErrorKind, RunnerType, TaskOutcome};

/// What a subject has reported: attempts, errors, and its own instruments.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Metrics {
    /// Attempts that began, by runner type.
    pub started: BTreeMap<&'static str, u64>,
    /// Attempts that ended, by runner type and outcome.
    pub completed: BTreeMap<(&'static str, &'static str), u64>,
    /// Errors of the runner itself, by runner type and kind.
    pub errors: BTreeMap<(&'static str, &'static str), u64>,
    /// What the runner's own instruments have measured, by name and labels.
    pub instruments: Vec<Sample>,
}

impl Metrics {
    /// Attempts that began, of all runner types.
    #[must_use]
    pub fn started(&self) -> u64 {
        self.started.values().sum()
    }

    /// Attempts that ended with this outcome, such as `success`, of all runner types.
    #[must_use]
    pub fn completed(&self, outcome: &str) -> u64 {
        let of = |((_, of), count): (&(_, &str), &u64)| (*of == outcome).then_some(*count);
        self.completed.iter().filter_map(of).sum()
    }

    /// The values of an instrument under all labels, added up; `None` where it has measured nothing.
    #[must_use]
    pub fn instrument(&self, name: &str) -> Option<f64> {
        let mut of = self
            .instruments
            .iter()
            .filter(|it| it.name == name)
            .peekable();
        of.peek()?;
        Some(of.map(|sample| sample.value).sum())
    }

    /// What an instrument has measured under just these labels, in any order.
    #[must_use]
    pub fn sample(&self, name: &str, labels: &[(&str, &str)]) -> Option<&Sample> {
        let mut labels = labels.to_vec();
        labels.sort_unstable();
        let has = |sample: &&Sample| {
            let own = sample.labels.iter().map(|(key, value)| (&**key, &**value));
            sample.name == name && own.eq(labels.iter().copied())
        };
        self.instruments.iter().find(has)
    }
}

/// The backend that a test has.
#[derive(Default)]
pub(super) struct Backend(Mutex<Metrics>);

impl Backend {
    pub(super) fn take(&self) -> Metrics {
        std::mem::take(&mut self.0.lock())
    }
}

impl MetricsBackend for Backend {
    fn record_task_started(&self, runner_type: RunnerType) {
        let mut metrics = self.0.lock();
        *metrics.started.entry(runner_type.as_label()).or_default() += 1;
    }

    fn record_task_completed(&self, runner_type: RunnerType, outcome: TaskOutcome, _: u64) {
        let mut metrics = self.0.lock();
        let key = (runner_type.as_label(), outcome.as_label());
        *metrics.completed.entry(key).or_default() += 1;
    }

    fn record_runner_error(&self, runner_type: RunnerType, error_kind: RunnerErrorKind) {
        let mut metrics = self.0.lock();
        let key = (runner_type.as_label(), error_kind.as_label());
        *metrics.errors.entry(key).or_default() += 1;
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend").finish_non_exhaustive()
    }
}
