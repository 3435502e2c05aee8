//! A task whose output is shown, and what has been received from it.

use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use serde_json::json;
use solti_model::TaskId;

use super::prefix::Prefixes;
use crate::outcome::Outcome;

/// A task whose output is shown.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) id: TaskId,
    pub(crate) lines: LineCounts,
    pub(super) prefixes: Prefixes,
    /// The end of a JSON object, with the fields that every event of this task has.
    pub(super) json_tail: Vec<u8>,
    /// The outcomes of its attempts, in order; one is here before its `RunFinished` is sent.
    outcomes: Mutex<Vec<Outcome>>,
}

/// How many lines of a task have been received.
#[derive(Debug, Default)]
pub(crate) struct LineCounts {
    stdout: AtomicU64,
    stderr: AtomicU64,
    skipped: AtomicU64,
}

impl Source {
    /// The task `id` in `slot`, whose lines stand after these prefixes.
    pub(crate) fn new(slot: &str, id: TaskId, prefixes: Prefixes) -> Self {
        let (task, slot) = (json!(id.as_str()), json!(slot));
        let mut json_tail = Vec::new();
        writeln!(json_tail, ",\"task\":{task},\"slot\":{slot}}}")
            .expect("a vector takes every byte");
        Self {
            id,
            lines: LineCounts::default(),
            prefixes,
            json_tail,
            outcomes: Mutex::default(),
        }
    }

    /// Records how an attempt ended, before its end is announced.
    pub(crate) fn record_outcome(&self, outcome: Outcome) {
        self.outcomes.lock().push(outcome);
    }

    /// How the attempt of this number, from 1, ended.
    pub(super) fn outcome_of(&self, attempt: u32) -> Option<Outcome> {
        let outcomes = self.outcomes.lock();
        outcomes.get((attempt as usize).checked_sub(1)?).cloned()
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

    /// Lines that were overwritten before they could be received.
    pub(crate) fn skipped(&self) -> u64 {
        self.skipped.load(Ordering::Relaxed)
    }
}
