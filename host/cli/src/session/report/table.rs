//! The summary for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};

use comfy_table::{Cell, CellAlignment, Color, Row as TableRow};
use indicatif::HumanCount;

use crate::metrics::Counts;
use crate::present::phrase::{self, counted};
use crate::present::style::{self, Colours, DIM, RED};
use crate::present::tables;
use crate::session::summary::{Row, Summary};
use crate::stdio::Stderr;
use solti_plugin_host::supervise::Outcome;

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
    let (shown, left_out) = to_show(&summary.rows);
    for row in shown {
        table.add_row(cells(row, colour));
    }
    for right in [2, 3, 4, 5] {
        if let Some(column) = table.column_mut(right) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = String::new();
    if table.row_count() > 0 {
        writeln!(text, "\n{table}").expect("a string takes every text");
    }
    if left_out > 0 {
        writeln!(
            text,
            "{} more; --summary FILE has all of them",
            counted(left_out as u64, "task")
        )
        .expect("a string takes every text");
    }
    append_metrics(&mut text, &summary.metrics);
    append_lost(&mut text, summary.lost(), colour);
    let tally = tally(summary);
    writeln!(text, "{tally}").expect("a string takes every text");
    Stderr.write_all(text.as_bytes())
}

/// Rows of the table at most: more are not read, and take long to lay out.
const MOST_ROWS: usize = 100;

/// The rows that are shown, and how many are not: where there are too many, those that did not succeed
/// are.
fn to_show(rows: &[Row]) -> (Vec<&Row>, usize) {
    if rows.len() <= MOST_ROWS {
        return (rows.iter().collect(), 0);
    }
    let failed = rows.iter().filter(|row| row.outcome != Outcome::Succeeded);
    let shown: Vec<_> = failed.take(MOST_ROWS).collect();
    let left_out = rows.len() - shown.len();
    (shown, left_out)
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
    append_lost(&mut text, summary.lost(), colour);
    Stderr.write_all(text.as_bytes())
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
        text(exit_of(row)),
        text(row.outcome.reason_line()),
    ])
}

/// The exit code of the process, or the signal that ended it.
fn exit_of(row: &Row) -> Option<String> {
    let code = row.told.exit_code.or(row.outcome.exit_code());
    let signal = row.told.signal.map(|signal| format!("signal {signal}"));
    code.map(|code| code.to_string()).or(signal)
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

fn append_lost(text: &mut String, lost: u64, colour: bool) {
    if lost > 0 {
        let style = style::when(colour, RED);
        writeln!(
            text,
            "{style}{} lost{style:#}: they came faster than they were taken, from a writer that did not wait",
            counted(lost, "line")
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
