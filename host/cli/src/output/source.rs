//! A task whose output is shown, and what has been received from it.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use serde_json::json;
use solti_model::TaskId;
use solti_plugin_host::output::TapEvent;

use super::lines::OpenLines;
use super::prefix::Prefixes;
use solti_plugin_host::supervise::Outcome;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A task whose output is shown.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) lines: Arc<LineCounts>,
    pub(super) prefixes: Prefixes,
    /// The end of a JSON object, with the fields that every event of this task has.
    pub(super) json_tail: Vec<u8>,
    /// The lines that have no end yet.
    pub(super) open: Mutex<OpenLines>,
    /// The ends of attempts of which output may still come.
    finished: Mutex<Vec<TapEvent>>,
    /// Cancelled when its output is with the writer, to its end.
    drained: CancellationToken,
    /// The outcomes of its attempts whose end has not been shown; one is here before it is announced.
    outcomes: Mutex<Vec<(u32, Outcome)>>,
}

/// How many lines of a task have been received.
#[derive(Debug, Default)]
pub(crate) struct LineCounts {
    stdout: AtomicU64,
    stderr: AtomicU64,
    lost: AtomicU64,
}

impl Source {
    /// The task `id` in `slot`, whose lines stand after these prefixes.
    pub(crate) fn new(slot: &str, id: &TaskId, prefixes: Prefixes) -> Self {
        let (task, slot) = (json!(id.as_str()), json!(slot));
        let mut json_tail = Vec::new();
        writeln!(json_tail, ",\"task\":{task},\"slot\":{slot}}}")
            .expect("a vector takes every byte");
        Self {
            lines: Arc::default(),
            prefixes,
            json_tail,
            open: Mutex::default(),
            finished: Mutex::default(),
            drained: CancellationToken::new(),
            outcomes: Mutex::default(),
        }
    }

    /// Says, when it is dropped, that the output of this task is with the writer, to its end.
    pub(super) fn until_drained(&self) -> DropGuard {
        self.drained.clone().drop_guard()
    }

    /// Waits until the output of this task is with the writer, to its end.
    pub(crate) async fn drained(&self) {
        self.drained.cancelled().await;
    }

    /// Records how an attempt ended, before its end is announced.
    pub(crate) fn record_outcome(&self, attempt: u32, outcome: Outcome) {
        self.outcomes.lock().push((attempt, outcome));
    }

    /// Takes how the attempt of this number, from 1, ended.
    pub(super) fn take_outcome(&self, attempt: u32) -> Option<Outcome> {
        let mut outcomes = self.outcomes.lock();
        let at = outcomes.iter().position(|(number, _)| *number == attempt)?;
        Some(outcomes.swap_remove(at).1)
    }

    /// Forgets how an attempt ended once its end, this event, has been shown, or is not to be.
    pub(super) fn forget(&self, event: &TapEvent) {
        if let TapEvent::Finished { attempt, .. } = event {
            self.take_outcome(*attempt);
        }
    }

    /// Keeps the end of an attempt until its output is complete.
    pub(super) fn finished(&self, event: TapEvent) {
        self.finished.lock().push(event);
    }

    /// The kept end of an attempt, or of all.
    pub(super) fn take_finished(&self, of: Option<u32>) -> Vec<TapEvent> {
        let mut finished = self.finished.lock();
        let is_of = |event: &TapEvent| match event {
            TapEvent::Finished { attempt, .. } => of.is_none_or(|of| of == *attempt),
            _ => false,
        };
        finished.extract_if(.., |event| is_of(event)).collect()
    }
}

impl LineCounts {
    pub(super) fn add(&self, stdout: u64, stderr: u64) {
        self.stdout.fetch_add(stdout, Ordering::Relaxed);
        self.stderr.fetch_add(stderr, Ordering::Relaxed);
    }

    /// Counts lines that were lost; a part of one counts as one.
    pub(super) fn lose(&self, lines: u64, bytes: u64) {
        let lines = lines.max(u64::from(bytes > 0));
        self.lost.fetch_add(lines, Ordering::Relaxed);
    }

    pub(crate) fn stdout(&self) -> u64 {
        self.stdout.load(Ordering::Relaxed)
    }

    pub(crate) fn stderr(&self) -> u64 {
        self.stderr.load(Ordering::Relaxed)
    }

    /// Lines that their plugin pushed without waiting for room, beyond what is kept.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}
