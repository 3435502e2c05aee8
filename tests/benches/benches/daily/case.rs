//! A case, and the rows that it makes.

use std::process::Command;

use benches::measure::{Comparison, Pair, interleave};
use benches::program::{Run, run};
use benches::report::Row;

/// What a side takes that is not there.
const NOTHING: Run = Run {
    wall: 1.0,
    cpu: 1.0,
    memory: 1.0,
};

/// A case: what the program does, and what it is measured against, if there is such a thing.
pub(super) struct Case<'a> {
    pub(super) name: String,
    pub(super) ours: Box<dyn Fn() -> Command + 'a>,
    pub(super) theirs: Option<Box<dyn Fn() -> Command + 'a>>,
    pub(super) rounds: usize,
    pub(super) wall: Option<f64>,
    pub(super) cpu: Option<f64>,
    /// In MB.
    pub(super) memory: Option<f64>,
}

impl<'a> Case<'a> {
    /// A case of which nothing is asked yet.
    pub(super) fn new(name: &str, ours: Box<dyn Fn() -> Command + 'a>, rounds: usize) -> Self {
        Self {
            name: name.to_owned(),
            ours,
            theirs: None,
            rounds,
            wall: None,
            cpu: None,
            memory: None,
        }
    }

    pub(super) fn measure(&self, rounds: usize) -> Vec<Row> {
        let theirs = || {
            self.theirs
                .as_ref()
                .map_or(NOTHING, |theirs| run(&theirs()))
        };
        let rounds = interleave(rounds, || run(&(self.ours)()), theirs);
        let mut rows = Vec::new();
        let mut row = |what: &str, unit, target, timed, number: fn(&Run) -> f64| {
            let comparison = Comparison::of(&rounds, number);
            let case = format!("{}{what}", self.name);
            rows.push(Row::new(&case, comparison, 1.0, unit, target, timed));
        };
        if self.theirs.is_some() {
            row("", "s", self.wall, "wall", |run| run.wall);
            row(
                "_cpu",
                "s",
                self.cpu,
                "user + system time, children included",
                |run| run.cpu,
            );
        }
        if let Some(limit) = self.memory {
            let against: Vec<_> = rounds
                .iter()
                .map(|round| Pair {
                    ours: round.ours.memory,
                    theirs: limit,
                })
                .collect();
            let comparison = Comparison::of(&against, |number| *number);
            let case = format!("{}_memory", self.name);
            rows.push(Row::new(
                &case,
                comparison,
                1.0,
                "MB",
                Some(1.0),
                "peak; theirs is the limit",
            ));
        }
        rows
    }
}
