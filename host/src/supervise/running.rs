//! A task whose turn it is.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use parking_lot::Mutex;
use solti_model::TaskId;
use solti_plugin_abi::{AttemptControl, AttemptOutcome};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::end::TaskEnd;
use super::outcome::Outcome;
use super::output::TaskOutput;
use super::submission::{Submission, TaskNumber};

/// A task whose turn it is, until it is over.
pub(super) struct Running {
    pub(super) number: TaskNumber,
    pub(super) submission: Arc<Submission>,
    /// Who waits for this one task alone.
    pub(super) waiter: Mutex<Option<Box<Waiter>>>,
    /// Cancelled when it is to end.
    pub(super) cancel: CancellationToken,
    /// Why it is, where that is not because all are.
    why: OnceLock<&'static str>,
    /// Whether it has one of the places of those that run.
    has_place: AtomicBool,
    pub(super) progress: Mutex<Progress>,
}

/// Who waits for one task alone.
pub(super) struct Waiter {
    /// Gets the output once there is any.
    pub(super) output: Option<oneshot::Sender<TaskOutput>>,
    pub(super) end: oneshot::Sender<TaskEnd>,
}

/// How far a task has come.
pub(super) struct Progress {
    /// Since when it is built.
    began: Instant,
    /// When its last attempt ended.
    ended: Option<Instant>,
    /// The id of its run, once it is built.
    pub(super) id: Option<TaskId>,
    pub(super) attempts: u32,
    /// Failures since the last success.
    pub(super) failures: u32,
    /// How the last attempt ended.
    pub(super) last: Option<Outcome>,
    /// The exit code of the process behind it.
    exit_code: Option<i32>,
    /// What its runner said of that.
    told: AttemptOutcome,
    /// The way to the attempt that runs.
    pub(super) control: Option<AttemptControl>,
    /// The plugins that have run attempts, in the order of their names.
    plugins: Vec<Arc<str>>,
}

impl Running {
    pub(super) fn new(
        number: TaskNumber,
        submission: Arc<Submission>,
        waiter: Option<Box<Waiter>>,
        cancel: CancellationToken,
    ) -> Self {
        Self {
            number,
            submission,
            waiter: Mutex::new(waiter),
            cancel,
            why: OnceLock::new(),
            has_place: AtomicBool::new(true),
            progress: Mutex::new(Progress {
                began: Instant::now(),
                ended: None,
                id: None,
                attempts: 0,
                failures: 0,
                last: None,
                exit_code: None,
                told: AttemptOutcome::default(),
                control: None,
                plugins: Vec::new(),
            }),
        }
    }

    /// Has it end, for this reason. The first reason stays.
    pub(super) fn cancel(&self, why: &'static str) {
        if !self.cancel.is_cancelled() {
            let _ = self.why.set(why);
        }
        self.cancel.cancel();
    }

    /// Why it was cancelled, if it was.
    pub(super) fn why_canceled(&self) -> &'static str {
        self.why.get().copied().unwrap_or("interrupted")
    }

    /// That it was cancelled where no attempt ran.
    pub(super) fn canceled_between(&self) -> Outcome {
        let why = self.why_canceled();
        match &self.progress.lock().last {
            Some(last) => Outcome::canceled(format!("{why} after an attempt that {last}")),
            None => Outcome::canceled(why),
        }
    }

    /// Records how an attempt ended, with which exit code, and what its runner says of that.
    pub(super) fn attempt_ended(
        &self,
        outcome: &Outcome,
        exit_code: Option<i32>,
        told: AttemptOutcome,
    ) {
        let mut progress = self.progress.lock();
        match outcome {
            Outcome::Succeeded => progress.failures = 0,
            Outcome::Failed { .. } | Outcome::TimedOut { .. } => progress.failures += 1,
            _ => {}
        }
        progress.ended = Some(Instant::now());
        progress.exit_code = exit_code;
        progress.told = told;
        progress.last = Some(outcome.clone());
        let plugin = progress.control.take().and_then(|it| it.plugin());
        if let Some(plugin) = plugin
            && let Err(at) = progress.plugins.binary_search(&plugin)
        {
            progress.plugins.insert(at, plugin);
        }
    }

    /// Its end.
    pub(super) fn end(&self, outcome: Outcome) -> TaskEnd {
        let progress = self.progress.lock();
        let ended = progress.ended.unwrap_or_else(Instant::now);
        TaskEnd {
            number: self.number,
            submission: Arc::clone(&self.submission),
            outcome,
            attempts: progress.attempts,
            duration: ended - progress.began,
            id: progress.id.clone(),
            exit_code: progress.exit_code,
            told: progress.told.clone(),
            plugins: progress.plugins.clone(),
        }
    }

    pub(super) fn has_place(&self) -> bool {
        self.has_place.load(Ordering::Relaxed)
    }

    /// Has, or has not, one of the places; the schedule is locked.
    pub(super) fn set_place(&self, has: bool) {
        self.has_place.store(has, Ordering::Relaxed);
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}
