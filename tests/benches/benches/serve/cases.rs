//! The cases, and what they are made with.

use std::path::PathBuf;

use benches::measure::{Comparison, Pair};
use benches::report::Row;
use tempfile::TempDir;

use super::agent::{Agent, Programs};
use super::{changes, load, output, survival};

/// A case makes rows.
type Measure = fn(&Bench<'_>) -> Vec<Row>;

/// All cases, in the order in which they are measured.
pub(super) const ALL: &[(&str, Measure)] = &[
    ("true_5000", load::true_5000),
    ("echo_60_at_once", load::echo_60_at_once),
    ("metrics_5000", changes::metrics_5000),
    ("replaced_300", changes::replaced_300),
    ("bad_file_1000", changes::bad_file_1000),
    ("million_lines", output::million_lines),
    ("logs_million", output::logs_million),
    ("readers_100", output::readers_100),
    ("stop_200_children", survival::stop_200_children),
    ("killed_200_times", survival::killed_200_times),
    ("memory", load::memory),
];

/// Settings under which nothing that is measured is refused.
const SETTINGS: &str = "plugins = 'unused'\nstate = 'unused'\nmax_tasks = 100000\n";

/// What a case is made with.
pub(super) struct Bench<'a> {
    pub(super) programs: &'a Programs,
    pub(super) scratch: TempDir,
    quick: bool,
}

impl<'a> Bench<'a> {
    pub(super) fn new(programs: &'a Programs, quick: bool) -> Self {
        Self {
            programs,
            scratch: tempfile::tempdir().expect("there is room for temporary files"),
            quick,
        }
    }

    /// A fiftieth in a smoke test.
    pub(super) fn scale(&self, full: usize) -> usize {
        if self.quick { full / 50 } else { full }
    }

    /// How often a case is repeated.
    pub(super) fn rounds(&self, full: usize) -> usize {
        if self.quick { 1 } else { full }
    }

    /// A state directory that is not there yet.
    pub(super) fn fresh_state(&self) -> PathBuf {
        let directory = tempfile::tempdir_in(self.scratch.path());
        let directory = directory.expect("there is room for temporary files");
        directory.keep().join("state")
    }

    /// A service that knows nothing yet.
    pub(super) fn service(&self) -> Agent {
        Agent::service(self.programs, &self.fresh_state(), SETTINGS)
    }

    /// The service of a state directory.
    pub(super) fn service_of(&self, state: &std::path::Path) -> Agent {
        Agent::service(self.programs, state, SETTINGS)
    }
}

/// A row of what is compared with a limit.
pub(super) fn within(
    case: &str,
    found: &[f64],
    limit: f64,
    unit: &'static str,
    timed: &'static str,
) -> Row {
    let pair = |&ours: &f64| Pair {
        ours,
        theirs: limit,
    };
    let pairs: Vec<_> = found.iter().map(pair).collect();
    let comparison = Comparison::of(&pairs, |number| *number);
    Row::new(case, comparison, 1.0, unit, Some(1.0), timed)
}

/// A row of a count that has to be zero.
pub(super) fn none(case: &str, found: u64, unit: &'static str, timed: &'static str) -> Row {
    let comparison = Comparison {
        ours: found as f64,
        theirs: 0.0,
        // No ratio to nothing: the count itself stands in its place.
        ratio: found as f64,
    };
    Row::new(case, comparison, 1.0, unit, Some(0.0), timed)
}
