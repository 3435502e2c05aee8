//! What an event looks like.

use std::io::Write as _;

use solti_model::{OutputEvent, StreamKind};

use super::source::Source;
use crate::outcome::Outcome;
use crate::present::phrase::counted;
use crate::present::style::{self, DIM};

/// What the events of tasks look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Lines as they are, each stream where it belongs: for a single task.
    Plain,
    /// Lines with their slot in front, all on standard output; notes on standard error.
    Slots,
    /// One JSON object a line, all on standard output.
    Json,
}

/// Where a formatted event goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Stdout,
    Stderr,
}

impl Format {
    /// JSON if `json`, or else this.
    pub(crate) fn or_json(self, json: bool) -> Self {
        if json { Self::Json } else { self }
    }

    /// Where `event` goes; `None` for one that is not shown.
    pub(super) fn target(self, event: &OutputEvent) -> Option<Target> {
        match (self, event) {
            (Self::Json, _) => Some(Target::Stdout),
            (Self::Slots, OutputEvent::Chunk(_)) => Some(Target::Stdout),
            (Self::Plain, OutputEvent::Chunk(chunk)) => Some(match chunk.stream {
                StreamKind::Stdout => Target::Stdout,
                StreamKind::Stderr => Target::Stderr,
            }),
            (Self::Slots, _) => Some(Target::Stderr),
            (Self::Plain, _) => None,
        }
    }

    /// Appends `event` to `out`, in colours if `colour`.
    pub(super) fn append(
        self,
        source: &Source,
        event: &OutputEvent,
        colour: bool,
        out: &mut Vec<u8>,
    ) {
        match (self, event) {
            (Self::Json, event) => append_json(source, event, out),
            (Self::Plain, OutputEvent::Chunk(chunk)) => {
                out.extend_from_slice(&chunk.line);
                out.push(b'\n');
            }
            (Self::Slots, OutputEvent::Chunk(chunk)) => {
                out.extend_from_slice(source.prefixes.line(chunk.stream));
                out.extend_from_slice(&chunk.line);
                out.push(b'\n');
            }
            (_, event) => {
                if let Some(note) = note(source, event) {
                    let style = style::when(colour, DIM);
                    writeln!(out, "{}{style}{note}{style:#}", source.prefixes.note())
                        .expect("a vector takes every byte");
                }
            }
        }
    }
}

/// The event in its wire form, with the fields `task` and `slot` at its end.
fn append_json(source: &Source, event: &OutputEvent, out: &mut Vec<u8>) {
    let began = out.len();
    match serde_json::to_writer(&mut *out, event) {
        Ok(()) => {
            // Without the closing brace, which `json_tail` has.
            out.pop();
            out.extend_from_slice(&source.json_tail);
        }
        // Only a time before 1970 or bytes that are not text can get here; a sink lets none pass.
        Err(_) => out.truncate(began),
    }
}

fn note(source: &Source, event: &OutputEvent) -> Option<String> {
    match event {
        OutputEvent::RunStarted { attempt, .. } if *attempt > 1 => {
            Some(format!("attempt {attempt}"))
        }
        OutputEvent::RunFinished { attempt, .. } => match source.outcome_of(*attempt)? {
            Outcome::Succeeded if *attempt == 1 => None,
            outcome => Some(format!("attempt {attempt} {outcome}")),
        },
        OutputEvent::Lagged { skipped } => Some(format!(
            "{} skipped: output arrived faster than it could be shown",
            counted(*skipped, "line")
        )),
        _ => None,
    }
}
