//! The summary for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::Arc;

use anstyle::AnsiColor;
use indicatif::HumanCount;

use crate::present::phrase::{self, counted};
use crate::present::style::{self, Colours, DIM, RED};
use crate::present::tables::{Cell, Stream, Table};
use crate::session::summary::{Row, Summary};
use crate::stdio::Stderr;
use solti_plugin_host::counts::Counts;
use solti_plugin_host::supervise::Outcome;

/// Prints a table of the tasks, the metrics, and what was lost; when `quiet`, of what went wrong alone.
pub(super) fn print(summary: &Summary<'_>, quiet: bool) -> io::Result<()> {
    let colour = Colours::detect().stderr;
    let names = &[
        "slot", "outcome", "attempts", "duration", "lines", "exit", "reason",
    ];
    let mut table = Table::new(colour, Stream::Stderr, names).with_numbers(2..=5);
    let (shown, left_out) = to_show(&summary.rows, quiet);
    for row in shown {
        table.add_row(cells(row));
    }
    let mut text = String::new();
    if !table.is_empty() {
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
    if !quiet {
        append_metrics(&mut text, &summary.metrics);
    }
    append_lost(&mut text, summary.lost(), colour);
    let tally = tally(summary);
    writeln!(text, "{tally}").expect("a string takes every text");
    Stderr.write_all(text.as_bytes())
}

/// Rows of the table at most: more are not read, and take long to lay out.
const MOST_ROWS: usize = 100;

/// The rows that are shown, and how many are not: where there are too many, those that did not succeed
/// are.
fn to_show(rows: &[Arc<Row>], quiet: bool) -> (Vec<&Row>, usize) {
    let rows = rows.iter().map(|row| &**row);
    let failed = |row: &&Row| row.outcome != Outcome::Succeeded;
    let of_interest: Vec<_> = if quiet {
        rows.filter(failed).collect()
    } else {
        rows.collect()
    };
    let count = of_interest.len();
    if count <= MOST_ROWS {
        return (of_interest, 0);
    }
    let failed = of_interest.into_iter().filter(failed);
    let shown: Vec<_> = failed.take(MOST_ROWS).collect();
    let left_out = count - shown.len();
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

fn cells(row: &Row) -> [Cell; 7] {
    let colour = match row.outcome {
        Outcome::Succeeded => AnsiColor::Green,
        Outcome::Failed { .. } => AnsiColor::Red,
        _ => AnsiColor::Yellow,
    };
    let ran = row.attempts > 0;
    let text = |text: Option<String>| Cell::from(text.unwrap_or_default());
    [
        row.slot.as_str().into(),
        Cell::coloured(row.outcome.verb(), colour),
        row.attempts.to_string().into(),
        text(ran.then(|| phrase::duration(row.duration))),
        text(ran.then(|| HumanCount(row.lines()).to_string())),
        text(exit_of(row)),
        text(row.outcome.reason_line()),
    ]
}

/// The exit code of the process, or the signal that ended it.
fn exit_of(row: &Row) -> Option<String> {
    let signal = row.told.signal.map(|signal| format!("signal {signal}"));
    row.exit_code.map(|code| code.to_string()).or(signal)
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
