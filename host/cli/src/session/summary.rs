//! What became of a run.

use std::sync::Arc;
use std::time::Duration;

use solti_model::Slot;
use solti_plugin_host::report::Rejected;

use crate::exit::Exit;
use crate::metrics::Counts;
use crate::outcome::Outcome;
use crate::output::Source;

/// What became of a run.
pub(super) struct Summary<'a> {
    /// The tasks, in the order of submission.
    pub(super) rows: Vec<Row>,
    pub(super) metrics: Counts,
    /// What was wrong with specs that could not be read.
    pub(super) problems: Vec<String>,
    /// The plugins that have panicked too often.
    pub(super) retired: Vec<String>,
    /// The plugin files that were refused.
    pub(super) rejected: &'a [Rejected],
}

/// What became of a task.
pub(super) struct Row {
    /// Where its spec stands.
    pub(super) place: String,
    pub(super) slot: Slot,
    pub(super) outcome: Outcome,
    pub(super) attempts: u32,
    /// From the start of its first attempt to the end of its last.
    pub(super) duration: Duration,
    /// `None` when it never had a channel.
    pub(super) source: Option<Arc<Source>>,
}

impl Summary<'_> {
    /// How the program ends after this.
    pub(super) fn exit(&self) -> Exit {
        let outcomes = self.rows.iter().map(|row| &row.outcome);
        Exit::of_run(outcomes, self.problems.len())
    }

    /// Lines that could not be shown.
    pub(super) fn skipped(&self) -> u64 {
        self.rows.iter().map(Row::skipped).sum()
    }
}

impl Row {
    /// Lines that were received.
    pub(super) fn lines(&self) -> u64 {
        let lines = self.source.as_ref().map(|source| &source.lines);
        lines.map_or(0, |lines| lines.stdout() + lines.stderr())
    }

    /// Lines that could not be shown.
    pub(super) fn skipped(&self) -> u64 {
        let lines = self.source.as_ref().map(|source| &source.lines);
        lines.map_or(0, |lines| lines.skipped())
    }
}
