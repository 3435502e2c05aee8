//! Where lines come from, and what stands in front of them.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anstyle::Style;
use parking_lot::Mutex;
use serde_json::json;
use solti_model::{StreamKind, TaskId};

use super::writer::Output;
use crate::outcome::Outcome;
use crate::present::style::{DIM, RED, SLOTS};

/// The widest slot that others are lined up with; a wider one sticks out.
const WIDEST: usize = 20;

/// A task whose lines are shown.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) id: TaskId,
    pub(crate) lines: LineCounts,
    /// How its attempts ended, in order; an end is there before `RunFinished` is sent.
    ends: Mutex<Vec<Outcome>>,
    before_stdout: Vec<u8>,
    before_stderr: Vec<u8>,
    before_note: String,
    /// The end of a JSON object, with the fields that every event of this task has.
    json_end: Vec<u8>,
}

/// How many lines of a task have been received.
#[derive(Debug, Default)]
pub(crate) struct LineCounts {
    stdout: AtomicU64,
    stderr: AtomicU64,
    skipped: AtomicU64,
}

/// Makes sources whose slots line up, each slot in its colour.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    width: usize,
    colours: HashMap<String, Style>,
}

impl Sources {
    /// Makes room for a slot of this name.
    pub(crate) fn announce(&mut self, slot: &str) {
        self.width = self.width.max(slot.chars().count().min(WIDEST));
        let next = SLOTS[self.colours.len() % SLOTS.len()];
        self.colours.entry(slot.to_owned()).or_insert(next);
    }

    /// What stands before a note about `slot`.
    pub(crate) fn before_note(&self, slot: &str, colour: bool) -> String {
        self.before(slot, "·", DIM, colour)
    }

    /// The source of the task `id` in `slot`.
    pub(crate) fn source(&self, slot: &str, id: TaskId, output: Output) -> Arc<Source> {
        let colour = output.stdout_colour;
        let mut json_end = Vec::new();
        writeln!(
            json_end,
            ",\"task\":{},\"slot\":{}}}",
            json!(id.as_str()),
            json!(slot)
        )
        .expect("a vector takes every byte");
        Arc::new(Source {
            id,
            lines: LineCounts::default(),
            ends: Mutex::default(),
            before_stdout: self.before(slot, "│", DIM, colour).into_bytes(),
            before_stderr: self.before(slot, "!", RED, colour).into_bytes(),
            before_note: self.before_note(slot, output.stderr_colour),
            json_end,
        })
    }

    fn before(&self, slot: &str, sign: &str, sign_style: Style, colour: bool) -> String {
        let width = self.width;
        if !colour {
            return format!("{slot:width$} {sign} ");
        }
        let slot_style = self.colours.get(slot).copied().unwrap_or_default();
        format!("{slot_style}{slot:width$}{slot_style:#} {sign_style}{sign}{sign_style:#} ")
    }
}

impl Source {
    /// Records how an attempt ended, before its end is announced.
    pub(crate) fn attempt_ended(&self, end: Outcome) {
        self.ends.lock().push(end);
    }

    /// How the attempt of this number, from 1, ended.
    pub(super) fn end_of(&self, attempt: u32) -> Option<Outcome> {
        let ends = self.ends.lock();
        ends.get((attempt as usize).checked_sub(1)?).cloned()
    }

    pub(super) fn before(&self, stream: StreamKind) -> &[u8] {
        match stream {
            StreamKind::Stdout => &self.before_stdout,
            StreamKind::Stderr => &self.before_stderr,
        }
    }

    pub(super) fn before_note(&self) -> &str {
        &self.before_note
    }

    pub(super) fn json_end(&self) -> &[u8] {
        &self.json_end
    }
}

impl LineCounts {
    pub(super) fn add(&self, stdout: u64, stderr: u64) {
        self.stdout.fetch_add(stdout, Ordering::Relaxed);
        self.stderr.fetch_add(stderr, Ordering::Relaxed);
    }

    pub(super) fn skip(&self, skipped: u64) {
        self.skipped.fetch_add(skipped, Ordering::Relaxed);
    }

    pub(crate) fn stdout(&self) -> u64 {
        self.stdout.load(Ordering::Relaxed)
    }

    pub(crate) fn stderr(&self) -> u64 {
        self.stderr.load(Ordering::Relaxed)
    }

    pub(crate) fn skipped(&self) -> u64 {
        self.skipped.load(Ordering::Relaxed)
    }
}
