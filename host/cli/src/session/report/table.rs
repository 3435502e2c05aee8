//! The summary for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};

use comfy_table::{Cell, CellAlignment, Color, Row as TableRow};
use indicatif::HumanCount;

use crate::metrics::Counts;
use crate::outcome::Outcome;
use crate::present::phrase::{self, counted};
use crate::present::style::{self, Colours, DIM, RED};
use crate::present::tables;
use crate::session::summary::{Row, Summary};

/// Prints a table of the tasks, the metrics, and what was lost.
pub(super) fn print(summary: &Summary<'_>) -> io::Result<()> {
    let colour = Colours::detect().stderr;
    let mut table = tables::new(colour, tables::Stream::Stderr);
    table.set_header(tables::header(
        colour,
        &[
            "slot", "outcome", "attempts", "duration", "lines", "exit", "reason",
        ],
    ));
    for row in &summary.rows {
        table.add_row(cells(row, colour));
    }
    for right in [2, 3, 4, 5] {
        if let Some(column) = table.column_mut(right) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = String::new();
    if !summary.rows.is_empty() {
        writeln!(text, "\n{table}").expect("a string takes every text");
    }
    append_metrics(&mut text, &summary.metrics);
    append_skipped(&mut text, summary.skipped(), colour);
    let tally = tally(summary);
    writeln!(text, "{tally}").expect("a string takes every text");
    io::stderr().write_all(text.as_bytes())
}

/// Prints one line about a single task.
pub(super) fn print_line(summary: &Summary<'_>) -> io::Result<()> {
    let colour = Colours::detect().stderr;
    let mut text = String::new();
    for row in &summary.rows {
        let style = match row.outcome {
            Outcome::Succeeded => style::when(colour, DIM),
            _ => style::when(colour, RED),
        };
        writeln!(
            text,
            "{style}{}: {}{style:#}{}",
            row.slot,
            row.outcome,
            attempt_facts(row)
        )
        .expect("a string takes every text");
    }
    append_skipped(&mut text, summary.skipped(), colour);
    io::stderr().write_all(text.as_bytes())
}

fn attempt_facts(row: &Row) -> String {
    if row.attempts == 0 {
        return String::new();
    }
    format!(
        " ({}, {})",
        phrase::duration(row.duration),
        counted(row.lines(), "line")
    )
}

fn cells(row: &Row, colour: bool) -> TableRow {
    let mut outcome = Cell::new(row.outcome.verb());
    if colour {
        outcome = outcome.fg(match row.outcome {
            Outcome::Succeeded => Color::DarkGreen,
            Outcome::Failed { .. } => Color::DarkRed,
            _ => Color::DarkYellow,
        });
    }
    let ran = row.attempts > 0;
    let text = |text: Option<String>| Cell::new(text.unwrap_or_default());
    TableRow::from(vec![
        Cell::new(&row.slot),
        outcome,
        Cell::new(row.attempts),
        text(ran.then(|| phrase::duration(row.duration))),
        text(ran.then(|| HumanCount(row.lines()).to_string())),
        text(row.outcome.exit_code().map(|code| code.to_string())),
        text(row.outcome.reason_line()),
    ])
}

fn append_metrics(text: &mut String, metrics: &Counts) {
    for runner_type in metrics.runner_types() {
        let started = metrics.started.get(runner_type).copied().unwrap_or(0);
        write!(
            text,
            "metrics: {runner_type} {} started",
            HumanCount(started)
        )
        .expect("a string takes every text");
        for by_label in [&metrics.completed, &metrics.errors] {
            for (label, count) in by_label.get(runner_type).into_iter().flatten() {
                write!(text, ", {} {label}", HumanCount(*count))
                    .expect("a string takes every text");
            }
        }
        text.push('\n');
    }
}

fn append_skipped(text: &mut String, skipped: u64, colour: bool) {
    if skipped > 0 {
        let style = style::when(colour, RED);
        writeln!(
            text,
            "{style}{} skipped{style:#}: output arrived faster than it could be shown",
            counted(skipped, "line")
        )
        .expect("a string takes every text");
    }
}

/// `3 tasks: 2 succeeded, 1 failed`.
fn tally(summary: &Summary<'_>) -> String {
    let mut by_outcome = BTreeMap::<_, u64>::new();
    for row in &summary.rows {
        *by_outcome.entry(row.outcome.verb()).or_default() += 1;
    }
    let succeeded = by_outcome.remove_entry(Outcome::Succeeded.verb());
    let parts: Vec<_> = succeeded
        .into_iter()
        .chain(by_outcome)
        .map(|(outcome, count)| format!("{} {outcome}", HumanCount(count)))
        .collect();
    let mut text = counted(summary.rows.len() as u64, "task");
    if !parts.is_empty() {
        write!(text, ": {}", parts.join(", ")).expect("a string takes every text");
    }
    if !summary.problems.is_empty() {
        let problems = counted(summary.problems.len() as u64, "spec");
        write!(text, "; {problems} could not be read").expect("a string takes every text");
    }
    text
}
