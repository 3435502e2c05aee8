//! What became of a run.

use std::sync::Arc;
use std::time::Duration;

use solti_model::{Slot, TaskId};
use solti_plugin_host::AttemptOutcome;
use solti_plugin_host::report::Rejected;
use solti_plugin_host::supervise::Outcome;

use crate::exit::Exit;
use crate::output::LineCounts;
use solti_plugin_host::counts::Counts;

/// What became of a run.
pub(super) struct Summary<'a> {
    /// The tasks, in the order of submission.
    pub(super) rows: Vec<Arc<Row>>,
    pub(super) metrics: Counts,
    /// What was wrong with specs that could not be read.
    pub(super) problems: Vec<String>,
    /// The plugins that have panicked too often.
    pub(super) retired: Vec<String>,
    /// The plugin files that were refused.
    pub(super) rejected: &'a [Rejected],
    /// Whether the program ends as the command does that is its only task.
    pub(super) is_command: bool,
    /// The signal that ended the run, or would have.
    pub(super) ended_by: Option<i32>,
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
    /// The id of its run; `None` when its runner never built it.
    pub(super) task: Option<TaskId>,
    pub(super) lines: Arc<LineCounts>,
    /// The exit code of the process behind its last attempt.
    pub(super) exit_code: Option<i32>,
    /// What its runner said of the end of its last attempt.
    pub(super) told: AttemptOutcome,
}

impl Summary<'_> {
    /// How the program ends after this.
    pub(super) fn exit(&self) -> Exit {
        if let ([row], true) = (&self.rows[..], self.is_command) {
            return Exit::of_command(&row.outcome, row.exit_code, &row.told, self.ended_by);
        }
        let outcomes = self.rows.iter().map(|row| &row.outcome);
        Exit::of_run(outcomes, self.problems.len())
    }

    /// Lines that were lost.
    pub(super) fn lost(&self) -> u64 {
        self.rows.iter().map(|row| row.lost()).sum()
    }

    /// Whether there is nothing to tell: all is well.
    pub(super) fn is_clean(&self) -> bool {
        let mut rows = self.rows.iter();
        rows.all(|row| row.outcome == Outcome::Succeeded && row.lost() == 0)
            && self.problems.is_empty()
    }
}

impl Row {
    /// Lines that were received.
    pub(super) fn lines(&self) -> u64 {
        self.lines.stdout() + self.lines.stderr()
    }

    /// Lines that were lost.
    pub(super) fn lost(&self) -> u64 {
        self.lines.lost()
    }
}
