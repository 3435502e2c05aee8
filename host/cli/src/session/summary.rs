//! What became of everything, for people and for machines.

mod json;
mod table;

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use solti_model::Slot;
use solti_plugin_host::{Rejected, atomic};

use crate::exit::Exit;
use crate::metrics::Counts;
use crate::outcome::Outcome;
use crate::output::{Format, Source};

/// What became of a run.
pub(super) struct Summary<'a> {
    rows: Vec<Row>,
    metrics: Counts,
    /// What was wrong with specs that could not be read.
    problems: Vec<String>,
    /// The plugins that have panicked too often.
    retired: Vec<String>,
    /// The plugin files that were refused.
    rejected: &'a [Rejected],
}

/// What became of a task.
pub(super) struct Row {
    /// Where its spec stands.
    pub(super) place: String,
    pub(super) slot: Slot,
    pub(super) outcome: Outcome,
    pub(super) attempts: u32,
    pub(super) took: Duration,
    /// `None` when it never had a channel.
    pub(super) source: Option<Arc<Source>>,
}

impl<'a> Summary<'a> {
    pub(super) fn new(
        rows: Vec<Row>,
        metrics: Counts,
        problems: Vec<String>,
        retired: Vec<String>,
        rejected: &'a [Rejected],
    ) -> Self {
        Self {
            rows,
            metrics,
            problems,
            retired,
            rejected,
        }
    }

    /// How the program ends after this.
    pub(super) fn exit(&self) -> Exit {
        let outcomes = self.rows.iter().map(|row| &row.outcome);
        Exit::of_run(outcomes, self.problems.len())
    }

    /// Prints it: as the last object on standard output, or for people on standard error.
    ///
    /// # Errors
    ///
    /// When it cannot be written, unless the reader has gone.
    pub(super) fn print(&self, format: Format) -> io::Result<()> {
        let written = match format {
            Format::Json => serde_json::to_string(&self.json())
                .map_err(io::Error::from)
                .and_then(|json| writeln!(io::stdout(), "{json}")),
            Format::Slots => table::print(self),
            Format::Plain => table::print_line(self),
        };
        match written {
            Err(err) if err.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }

    /// Writes it to a file, as JSON: a reader sees all of it or what was there before.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub(super) fn write(&self, file: &Path) -> io::Result<()> {
        let json = serde_json::to_string(&self.json())? + "\n";
        match fs::metadata(file) {
            // A pipe, or a device like /dev/stderr, is to be written to and not to be replaced.
            Ok(found) if !found.is_file() => fs::write(file, json),
            _ => atomic::write(file, json),
        }
    }

    /// Lines that could not be shown.
    fn skipped(&self) -> u64 {
        self.rows.iter().map(Row::skipped).sum()
    }

    fn json(&self) -> json::Summary<'_> {
        json::Summary {
            kind: "summary",
            tasks: self.rows.iter().map(json::Task::of).collect(),
            metrics: &self.metrics,
            skipped: self.skipped(),
            problems: &self.problems,
            retired: &self.retired,
            plugins: json::Plugins {
                rejected: self.rejected,
            },
        }
    }
}

impl Row {
    /// Lines that were received.
    fn lines(&self) -> u64 {
        self.source
            .as_ref()
            .map_or(0, |source| source.lines.stdout() + source.lines.stderr())
    }

    fn skipped(&self) -> u64 {
        self.source
            .as_ref()
            .map_or(0, |source| source.lines.skipped())
    }
}
