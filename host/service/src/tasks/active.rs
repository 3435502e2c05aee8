//! A task that has not ended.

use std::collections::{HashMap, HashSet, VecDeque};

use solti_model_published::{ConditionStatus, Task, TaskPhase, TaskRun, Uid};
use solti_plugin_bridge::Invocation;

use super::turns::Turn;
use crate::store::{Ended, Run, Seq};
use crate::time::{millis, now};

/// How many of its last attempts are kept.
const RUNS: usize = 16;

/// Why a task was not built, as core 0.0.8 says it, when somebody has asked for its end before.
const CANCELLED_BEFORE: &str = "RuntimeSubmissionCancelled";

/// A task that has not ended.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) seq: Seq,
    /// Its place among the tasks of its slot.
    pub(super) turn: Turn,
    /// What core says of it.
    seen: Option<Seen>,
    /// The generations that are built: each may make another attempt.
    built: HashSet<u64>,
    /// How many attempts there were before the first of each generation.
    bases: HashMap<u64, u32>,
    /// The generation whose attempt began last, and how many it has begun.
    begun: (u64, u32),
    /// Whether core is not waited for any longer, which is behind.
    gave_up: bool,
    runs: VecDeque<Run>,
    /// Whether it counts its runs itself: those of core are not what somebody wants to see then.
    counts_runs: bool,
    /// The plugins that have run it, in the order of their names.
    plugins: Vec<String>,
    /// Whether somebody has asked for its end.
    pub(super) cancelled: bool,
    /// How it has ended, until that is noted: first all it wrote is.
    pub(super) ended: Option<(Ended, Vec<Run>)>,
}

/// What core says of a task.
#[derive(Debug)]
struct Seen {
    uid: Uid,
    generation: u64,
    /// The attempt that this is of.
    attempt: u32,
    phase: TaskPhase,
    exit_code: Option<i32>,
    error: Option<String>,
    /// Whether it was never run, and will not be.
    never: Option<Never>,
}

/// Why a task is never run.
#[derive(Debug)]
enum Never {
    /// Somebody has asked for its end before it began.
    Cancelled,
    Refused(String),
}

impl Active {
    pub(super) fn new(seq: Seq, slot: &str, runs: Vec<Run>) -> Self {
        Self {
            seq,
            turn: Turn::new(slot),
            seen: None,
            built: HashSet::new(),
            bases: HashMap::new(),
            begun: (0, 0),
            gave_up: false,
            runs: runs.into(),
            counts_runs: false,
            plugins: Vec::new(),
            cancelled: false,
            ended: None,
        }
    }

    /// The highest number of an attempt.
    pub(super) fn attempts(&self) -> u32 {
        self.runs.iter().map(|run| run.attempt).max().unwrap_or(0)
    }

    pub(super) fn runs(&self) -> Vec<Run> {
        self.runs.iter().cloned().collect()
    }

    /// The last attempts of a task that has ended: core may tell of the end of the task before it tells
    /// of that of the attempt.
    pub(super) fn runs_at_end(&self, ended: &Ended) -> Vec<Run> {
        let mut runs = self.runs();
        for run in runs.iter_mut().filter(|run| run.finished.is_none()) {
            run.finished = Some(ended.at);
            run.phase.clone_from(&ended.phase);
            run.exit_code = ended.exit_code;
            run.error.clone_from(&ended.error);
        }
        runs
    }

    pub(super) fn built(&mut self, generation: u64, counts_runs: bool) {
        let attempts = self.attempts();
        self.counts_runs = counts_runs;
        self.gave_up = false;
        self.bases.insert(generation, attempts);
        self.built.insert(generation);
    }

    /// An attempt begins, whatever core says of it so far.
    pub(super) fn begun(&mut self, generation: u64, number: u32) {
        self.begun = (generation, number);
    }

    /// Whether what core says is of an attempt before the last: how that failed is not how the task ends.
    pub(super) fn is_ahead_of_core(&self) -> bool {
        self.seen.as_ref().is_some_and(|seen| {
            !self.counts_runs
                && matches!(seen.phase, TaskPhase::Failed | TaskPhase::Timeout)
                && self.begun.0 == seen.generation
                && self.begun.1 > seen.attempt
        })
    }

    /// Takes what core says as the last word of it.
    pub(super) fn give_up(&mut self) {
        self.gave_up = true;
    }

    pub(super) fn gone(&mut self, generation: u64) {
        self.built.remove(&generation);
    }

    /// Notes what core says of it.
    pub(super) fn see(&mut self, task: &Task) {
        let status = task.status();
        if status.reconciled().status() != ConditionStatus::Unknown {
            self.turn.end();
        }
        let never = status.reconciliation_failed().then(|| {
            let why = status.reconciled();
            match why.reason() {
                CANCELLED_BEFORE => Never::Cancelled,
                _ => Never::Refused(why.message().to_owned()),
            }
        });
        let generation = task.metadata().generation();
        if self
            .seen
            .as_ref()
            .is_some_and(|seen| seen.generation != generation)
        {
            // It was the one before whose end was asked for.
            self.cancelled = false;
        }
        self.seen = Some(Seen {
            uid: task.uid().clone(),
            generation,
            attempt: status.attempt(),
            phase: status.phase(),
            exit_code: status.exit_code(),
            error: status.error().map(str::to_owned),
            never,
        });
    }

    /// Notes an attempt that has begun or ended.
    pub(super) fn run(&mut self, run: &TaskRun) {
        if self.counts_runs {
            return;
        }
        self.note(Run {
            attempt: self.base(run.generation()) + run.attempt(),
            generation: run.generation(),
            started: millis(run.started_at()),
            finished: run.finished_at().map(millis),
            phase: run.phase().to_string(),
            exit_code: run.exit_code(),
            error: run.error().map(str::to_owned),
        });
    }

    /// Notes a run that the task counts itself.
    pub(super) fn invoked(&mut self, generation: u64, run: &Invocation) {
        self.note(Run {
            attempt: self.base(generation) + run.number,
            generation,
            started: millis(run.started),
            finished: run.finished.map(millis),
            phase: run.phase.to_owned(),
            exit_code: run.exit_code,
            error: run.error.clone(),
        });
    }

    /// Notes a plugin that runs an attempt of it, or a part of one.
    pub(super) fn run_by(&mut self, plugin: &str) {
        if let Err(at) = self.plugins.binary_search_by(|it| it.as_str().cmp(plugin)) {
            self.plugins.insert(at, plugin.to_owned());
        }
    }

    /// The plugins that have run it so far.
    pub(super) fn plugins(&self) -> &[String] {
        &self.plugins
    }

    /// Whether an attempt, or a run of a calendar, is under way.
    pub(super) fn is_running(&self) -> bool {
        self.runs.iter().any(|run| run.finished.is_none())
    }

    /// Whether it waits for the time of its next run.
    pub(super) fn is_between_runs(&self) -> bool {
        self.counts_runs && self.runs.iter().all(|run| run.finished.is_some())
    }

    /// How many attempts there were before the first of a generation.
    fn base(&self, generation: u64) -> u32 {
        self.bases.get(&generation).copied().unwrap_or(0)
    }

    fn note(&mut self, noted: Run) {
        match self.runs.iter_mut().find(|it| it.attempt == noted.attempt) {
            Some(known) => *known = noted,
            None => {
                self.runs.push_back(noted);
                if self.runs.len() > RUNS {
                    self.runs.pop_front();
                }
            }
        }
    }

    /// How it ended, where it has.
    pub(super) fn end(&self) -> Option<(Ended, Uid)> {
        let seen = self.seen.as_ref()?;
        if !self.built.is_empty() || self.ended.is_some() {
            return None;
        }
        let (phase, error) = match &seen.never {
            Some(Never::Cancelled) => ("canceled".to_owned(), None),
            Some(Never::Refused(reason)) => ("failed".to_owned(), Some(reason.clone())),
            None if !seen.phase.is_terminal() => return None,
            None if self.is_ahead_of_core() && !self.cancelled && !self.gave_up => return None,
            // Between two attempts core calls it what the last one was.
            None if self.cancelled && seen.phase != TaskPhase::Succeeded => {
                ("canceled".to_owned(), seen.error.clone())
            }
            None => (self.phase_of(seen), seen.error.clone()),
        };
        let ended = Ended {
            at: now(),
            phase,
            exit_code: seen.exit_code,
            error,
            plugins: self.plugins.clone(),
            generation: seen.generation,
            uid: seen.uid.to_string(),
        };
        Some((ended, seen.uid.clone()))
    }

    /// Core calls every failure after which there are no more retries exhausted, the first as well: how
    /// the last attempt ended says more.
    fn phase_of(&self, seen: &Seen) -> String {
        let last = self
            .runs
            .back()
            .filter(|run| run.generation == seen.generation && run.finished.is_some());
        match (seen.phase, last) {
            (TaskPhase::Exhausted, Some(last)) => last.phase.clone(),
            (TaskPhase::Exhausted, None) => "failed".to_owned(),
            (phase, _) => phase.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "all of it is tests")]

    use serde_json::json;

    use super::*;

    fn task() -> Task {
        let manifest = json!({
            "apiVersion": "solti.io/v1", "kind": "Task", "metadata": {"name": "n"},
            "spec": {
                "slot": "s", "timeout": 9, "restart": {"type": "never"}, "admission": "queue",
                "backoff": {"firstMs": 1, "maxMs": 9, "factor": 2.0, "jitter": "none"},
                "workload": {"apiVersion": "solti.io/v1", "kind": "Subprocess", "spec": {
                    "mode": {"command": {"command": "true"}}, "failOnNonZero": true}},
            },
        });
        Task::from_manifest(serde_json::from_value(manifest).unwrap()).unwrap()
    }

    /// How a task ends that core does not run, for this reason.
    fn end(reason: &str) -> (String, Option<String>) {
        let mut task = task();
        task.mark_reconciliation_failed(reason, "why it was not run", "2")
            .unwrap();
        let mut active = Active::new(1, "s", Vec::new());
        active.cancelled = true;
        active.see(&task);
        let (ended, _) = active.end().unwrap();
        (ended.phase, ended.error)
    }

    /// What core says of an attempt that has ended.
    fn said(active: &mut Active, attempt: u32, phase: &str) {
        let task = task();
        active.seen = Some(Seen {
            uid: task.uid().clone(),
            generation: 1,
            attempt,
            phase: serde_json::from_value(json!(phase)).unwrap(),
            exit_code: None,
            error: None,
            never: None,
        });
    }

    #[test]
    fn a_failure_before_the_last_attempt_is_not_the_end_of_a_task_that_core_is_behind_with() {
        let mut active = Active::new(1, "s", Vec::new());
        active.built(1, false);
        for number in 1..=3 {
            active.begun(1, number);
        }
        said(&mut active, 2, "failed");
        active.gone(1);
        assert!(active.end().is_none());
        said(&mut active, 3, "succeeded");
        assert_eq!(active.end().unwrap().0.phase, "succeeded");
        // What core never tells of is not waited for for ever.
        said(&mut active, 2, "failed");
        active.give_up();
        assert_eq!(active.end().unwrap().0.phase, "failed");
    }

    #[test]
    fn a_task_that_is_cancelled_before_it_begins_is_no_failure() {
        assert_eq!(end(CANCELLED_BEFORE), ("canceled".to_owned(), None));
        assert_eq!(
            end("RuntimeSubmissionFailed"),
            ("failed".to_owned(), Some("why it was not run".to_owned()))
        );
    }
}
