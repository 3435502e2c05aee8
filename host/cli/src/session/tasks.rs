//! Every task of a run, from its submission to its report.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use solti_model::{Slot, TaskSpec};
use taskvisor::SupervisorHandle;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tracing::debug;

use super::host::Host;
use super::screen::Notes;
use super::slots::{Admission, Slots};
use super::summary::Row;
use super::supervisor::MARGIN;
use super::{no_runner, supervisor};
use crate::outcome::Outcome;
use crate::present::message;
use crate::specs::{PlacedSpec, SpecResult};
use crate::supervise::{Supervision, TaskReport, TaskRun};

/// Tasks that are over and whose output is not read, while others wait to run: with as many jobs as there
/// are taps for, what they keep together is bounded.
const MOST_UNDRAINED: usize = 16;

/// How often a task is submitted that the supervisor dropped without a reason.
const SUBMISSIONS: u32 = 8;

/// The tasks of a run.
pub(super) struct Tasks<'a> {
    supervision: Arc<Supervision>,
    notes: Notes,
    host: &'a Host<'a>,
    /// `None` once the run stops.
    supervisor: Option<SupervisorHandle>,
    reports: mpsc::UnboundedReceiver<TaskReport>,
    slots: Slots,
    /// Tasks that may run at the same time; 0 for any number.
    jobs: usize,
    /// Tasks whose turn it is when there is room, the first of the run first.
    ready: BinaryHeap<Reverse<usize>>,
    /// Tasks that the supervisor has.
    submitted: usize,
    entries: Vec<Entry>,
    /// Entries without a row.
    live: usize,
}

/// One task.
struct Entry {
    place: String,
    slot: Slot,
    /// There until the task is over: that is all that one which waits has.
    spec: Option<Box<TaskSpec>>,
    submissions: u32,
    /// There once the task is over.
    row: Option<Row>,
}

impl<'a> Tasks<'a> {
    /// Starts a supervisor that runs `jobs` tasks at the same time; 0 for any number.
    pub(super) fn start(
        supervision: Supervision,
        reports: mpsc::UnboundedReceiver<TaskReport>,
        notes: Notes,
        host: &'a Host<'a>,
        jobs: usize,
    ) -> Self {
        Self {
            supervisor: Some(supervisor::start(supervision.grace, jobs)),
            supervision: Arc::new(supervision),
            notes,
            host,
            reports,
            slots: Slots::default(),
            jobs,
            ready: BinaryHeap::new(),
            submitted: 0,
            entries: Vec::new(),
            live: 0,
        }
    }

    /// Runs `tasks`, and those that arrive, until all are over or the run is stopped.
    ///
    /// Returns a row for each task, in the order of submission. What is wrong with specs that arrive
    /// is printed and added to `problems`.
    pub(super) async fn run(
        mut self,
        tasks: Vec<PlacedSpec>,
        mut arriving: Option<mpsc::Receiver<SpecResult>>,
        problems: &mut Vec<String>,
    ) -> Vec<Row> {
        for task in &tasks {
            self.notes.reserve(task.spec.slot());
        }
        for task in tasks {
            self.add(task).await;
        }
        let stop = self.supervision.stop.clone();
        let closed = self.notes.closed().clone();
        while self.live > 0 || arriving.is_some() {
            tokio::select! {
                () = stop.cancelled() => break,
                () = closed.cancelled() => stop.cancel(),
                Some(report) = self.reports.recv() => {
                    self.take(report).await;
                    self.submit_ready().await;
                }
                () = self.notes.drained(), if !self.ready.is_empty() => self.submit_ready().await,
                spec = arrival(&mut arriving) => match spec {
                    Some(Ok(task)) => {
                        self.notes.reserve(task.spec.slot());
                        self.add(task).await;
                    }
                    Some(Err(err)) => {
                        message::error(&err);
                        problems.push(err.to_string());
                    }
                    None => arriving = None,
                },
            }
        }
        self.finish().await
    }

    /// Adds a task; it is submitted when it is its turn.
    async fn add(&mut self, PlacedSpec { place, spec }: PlacedSpec) {
        let has_runner = self.supervision.router.pick(&spec).is_some();
        let admission = spec.admission();
        let slot = spec.slot().clone();
        let number = self.entries.len();
        self.live += 1;
        self.entries.push(Entry {
            place,
            slot: slot.clone(),
            spec: Some(Box::new(spec)),
            submissions: 0,
            row: None,
        });
        if !has_runner {
            let outcome = self.no_runner(number);
            return self.over(number, outcome, None).await;
        }
        match self.slots.enter(&slot, number, admission) {
            Admission::Free => self.ready.push(Reverse(number)),
            Admission::Waits => {}
            Admission::Refused => {
                let outcome = Outcome::NotAdmitted {
                    reason: format!("slot '{slot}' was busy (admission dropIfRunning)"),
                };
                self.over(number, outcome, None).await;
            }
            Admission::Replaces(before) => self.replace(number, before).await,
        }
        self.submit_ready().await;
    }

    /// Ends those that a task replaces: what runs is the supervisor's to cancel.
    async fn replace(&mut self, number: usize, before: Vec<usize>) {
        let mut runs = false;
        for number in before {
            if self.entries[number].submissions > 0 {
                runs = true;
                continue;
            }
            self.ready.retain(|Reverse(ready)| *ready != number);
            let outcome =
                Outcome::canceled("replaced by a later task in its slot before it started");
            self.over(number, outcome, None).await;
        }
        if runs {
            self.submitted += 1;
            self.submit(number).await;
        } else {
            self.ready.push(Reverse(number));
        }
    }

    /// Whether another task may run. Output of tasks that are over takes memory until it is read.
    fn has_room(&self) -> bool {
        if self.jobs == 0 {
            return true;
        }
        let over = self.notes.undrained().saturating_sub(self.submitted);
        self.submitted < self.jobs && over < MOST_UNDRAINED
    }

    /// Submits tasks in the order of the run, as many as may run.
    async fn submit_ready(&mut self) {
        while self.has_room() {
            let Some(Reverse(number)) = self.ready.pop() else {
                return;
            };
            self.submitted += 1;
            self.submit(number).await;
        }
    }

    async fn submit(&mut self, number: usize) {
        let Some(supervisor) = &self.supervisor else {
            return;
        };
        let entry = &mut self.entries[number];
        let Some(spec) = &entry.spec else { return };
        entry.submissions += 1;
        let task = supervisor::submission(number, (**spec).clone(), &self.supervision);
        // A supervisor that takes no more drops the task, which reports that.
        supervisor.submit(task).await.ok();
    }

    /// Takes the report of a task that is over.
    async fn take(&mut self, TaskReport { number, run }: TaskReport) {
        match run {
            Some(run) => {
                let outcome = if run.found_no_runner {
                    self.no_runner(number)
                } else {
                    run.outcome.clone()
                };
                self.over(number, outcome, Some(run)).await;
            }
            None => match self.why_never_started(number) {
                Some(outcome) => self.over(number, outcome, None).await,
                None => {
                    // The slot of a task that has just ended is free a moment later.
                    let submissions = self.entries[number].submissions;
                    debug!(
                        number,
                        submissions, "the supervisor dropped a task: submitting it again"
                    );
                    sleep(Duration::from_millis(1 << submissions)).await;
                    self.submit(number).await;
                }
            },
        }
    }

    /// The outcome of a task that no runner takes.
    fn no_runner(&self, number: usize) -> Outcome {
        let Some(spec) = &self.entries[number].spec else {
            return Outcome::abandoned();
        };
        let reason = no_runner::explain(spec, self.host.report(), self.host.directory());
        Outcome::failed(reason)
    }

    /// Why a submitted task never started; `None` when there is no reason.
    ///
    /// The supervisor loses a task when the one before it in the slot ends in the same moment as it
    /// is replaced, and takes a slot for busy for a moment after its task has ended.
    fn why_never_started(&self, number: usize) -> Option<Outcome> {
        let entry = &self.entries[number];
        let slot = &entry.slot;
        if self.supervisor.is_none() {
            Some(Outcome::canceled("interrupted before it started"))
        } else if self.slots.replaced(slot, number) {
            Some(Outcome::canceled(
                "replaced by a later task in its slot before it started",
            ))
        } else if entry.submissions >= SUBMISSIONS {
            Some(Outcome::failed("the supervisor did not start it"))
        } else {
            None
        }
    }

    /// Records the end of a task, and shows it where no event of the task has.
    async fn over(&mut self, number: usize, outcome: Outcome, run: Option<TaskRun>) {
        let entry = &mut self.entries[number];
        let note = outcome.to_string();
        let run = run.unwrap_or_else(|| TaskRun::none(outcome.clone()));
        let was_shown = run.source.is_some();
        entry.row = Some(Row {
            place: std::mem::take(&mut entry.place),
            slot: entry.slot.clone(),
            outcome,
            attempts: run.attempts,
            duration: run.duration,
            task: run.source.as_ref().map(|source| source.id.clone()),
            lines: run
                .source
                .map(|it| Arc::clone(&it.lines))
                .unwrap_or_default(),
            told: run.told,
        });
        entry.spec = None;
        if entry.submissions > 0 {
            self.submitted -= 1;
        }
        self.live -= 1;
        let slot = &self.entries[number].slot;
        if let Some(next) = self.slots.leave(slot, number) {
            self.ready.push(Reverse(next));
        }
        if !was_shown {
            let stop = &self.supervision.stop;
            tokio::select! {
                biased;
                () = self.notes.show(slot, &note) => {}
                // A reader that takes nothing must not keep the run from ending.
                () = stop.cancelled() => {}
            }
        }
    }

    /// Stops the supervisor and whatever it still runs.
    async fn finish(mut self) -> Vec<Row> {
        if let Some(supervisor) = self.supervisor.take() {
            let limit = self.supervision.grace + 2 * MARGIN;
            // What does not end in time is abandoned below.
            timeout(limit, supervisor.shutdown()).await.ok();
        }
        while self.live > 0 {
            match timeout(MARGIN, self.reports.recv()).await {
                Ok(Some(report)) => self.take(report).await,
                Ok(None) | Err(_) => break,
            }
        }
        for number in 0..self.entries.len() {
            if self.entries[number].row.is_none() {
                let outcome = match self.entries[number].submissions {
                    0 => Outcome::canceled("interrupted before it started"),
                    _ => Outcome::abandoned(),
                };
                self.over(number, outcome, None).await;
            }
        }
        let rows = self.entries.into_iter().filter_map(|entry| entry.row);
        rows.collect()
    }
}

/// The next spec to arrive; never, when none is expected.
async fn arrival(arriving: &mut Option<mpsc::Receiver<SpecResult>>) -> Option<SpecResult> {
    match arriving {
        Some(arriving) => arriving.recv().await,
        None => std::future::pending().await,
    }
}
