//! Every task of a run, from its submission to its report.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use solti_model::{AdmissionPolicy, TaskSpec};
use solti_plugin_host::LoadReport;
use taskvisor::{ControllerConfig, ControllerSpec, Supervisor, SupervisorConfig, SupervisorHandle};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tracing::debug;

use super::screen::Screen;
use super::slots::Slots;
use super::summary::Row;
use super::{no_runner, policy};
use crate::outcome::Outcome;
use crate::present::message;
use crate::specs::{Placed, SpecError};
use crate::supervise::{Begun, Report, SupervisedTask, Supervision};

/// Events that the supervisor's own listeners may be behind. They act on what they hear, so none
/// may be lost.
const BUS_CAPACITY: usize = 1 << 16;

/// How often a task is submitted that the supervisor dropped without a reason.
const SUBMISSIONS: u32 = 8;

/// What the supervisor gets on top of the grace of its tasks, to stop.
const MARGIN: Duration = Duration::from_secs(1);

/// The tasks of a run.
pub(super) struct Tasks<'a> {
    shared: Arc<Supervision>,
    screen: Screen,
    plugins: &'a LoadReport,
    directory: &'a Path,
    /// `None` once the run stops.
    supervisor: Option<SupervisorHandle>,
    reports: mpsc::UnboundedReceiver<Report>,
    slots: Slots,
    entries: Vec<Entry>,
    /// Entries without a row.
    live: usize,
    problems: Vec<String>,
}

/// One task.
struct Entry {
    place: String,
    spec: TaskSpec,
    submissions: u32,
    /// Whether another task had the slot when this one was submitted.
    slot_was_taken: bool,
    /// There once the task is over.
    row: Option<Row>,
}

impl<'a> Tasks<'a> {
    /// Starts a supervisor that runs `jobs` tasks at the same time; 0 for any number.
    pub(super) fn new(
        shared: Arc<Supervision>,
        reports: mpsc::UnboundedReceiver<Report>,
        screen: Screen,
        (plugins, directory): (&'a LoadReport, &'a Path),
        jobs: usize,
    ) -> Self {
        let config = SupervisorConfig {
            grace: shared.grace + MARGIN,
            max_concurrent: jobs,
            bus_capacity: BUS_CAPACITY,
            ..SupervisorConfig::default()
        };
        let controller = ControllerConfig {
            max_slot_queue: usize::MAX,
            ..ControllerConfig::default()
        };
        let supervisor = Supervisor::builder(config)
            .with_controller(controller)
            .build()
            .serve();
        Self {
            shared,
            screen,
            plugins,
            directory,
            supervisor: Some(supervisor),
            reports,
            slots: Slots::default(),
            entries: Vec::new(),
            live: 0,
            problems: Vec::new(),
        }
    }

    /// Runs `tasks`, and those that arrive from `more`, until all are over or the run is stopped.
    ///
    /// Returns a row for each task, in the order of submission, and what was wrong with specs that
    /// arrived.
    pub(super) async fn run(
        mut self,
        tasks: Vec<Placed>,
        mut more: Option<mpsc::Receiver<Result<Placed, SpecError>>>,
    ) -> (Vec<Row>, Vec<String>) {
        for task in &tasks {
            self.screen.announce(task.spec.slot());
        }
        for task in tasks {
            self.add(task).await;
        }
        let stop = self.shared.stop.clone();
        let closed = self.screen.closed().clone();
        while self.live > 0 || more.is_some() {
            tokio::select! {
                () = stop.cancelled() => break,
                () = closed.cancelled() => stop.cancel(),
                Some(report) = self.reports.recv() => self.take(report).await,
                spec = arrival(&mut more) => match spec {
                    Some(Ok(task)) => {
                        self.screen.announce(task.spec.slot());
                        self.add(task).await;
                    }
                    Some(Err(err)) => {
                        message::error(&err);
                        self.problems.push(err.to_string());
                    }
                    None => more = None,
                },
            }
        }
        self.finish().await
    }

    /// Adds a task, and submits it if a runner takes it.
    async fn add(&mut self, Placed { place, spec }: Placed) {
        let runner = self.shared.router.pick(&spec).is_some();
        let number = self.entries.len();
        self.live += 1;
        self.entries.push(Entry {
            place,
            slot_was_taken: self.slots.submit(spec.slot(), number, spec.admission()),
            spec,
            submissions: 0,
            row: None,
        });
        if runner {
            self.submit(number).await;
        } else {
            let spec = &self.entries[number].spec;
            let reason = no_runner::explain(spec, self.plugins, self.directory);
            self.over(number, Outcome::failed(reason), None).await;
        }
    }

    async fn submit(&mut self, number: usize) {
        let Some(supervisor) = &self.supervisor else {
            return;
        };
        let entry = &mut self.entries[number];
        entry.submissions += 1;
        let spec = entry.spec.clone();
        let restart = policy::restart(spec.restart());
        let (backoff, admission) = (
            policy::backoff(spec.backoff()),
            policy::admission(spec.admission()),
        );
        let limit = Duration::from_millis(spec.timeout().as_millis());
        let task = SupervisedTask::new(number, spec, restart, Arc::clone(&self.shared));
        let task = taskvisor::TaskSpec::new(Arc::new(task), restart, backoff, Some(limit))
            .with_max_retries(self.shared.retries);
        // A supervisor that takes no more drops the task, which reports that.
        supervisor
            .submit(ControllerSpec::new(admission, task))
            .await
            .ok();
    }

    /// Takes the report of a task that is over.
    async fn take(&mut self, Report { number, begun }: Report) {
        match begun {
            Some(begun) => {
                let outcome = if begun.found_no_runner {
                    let spec = &self.entries[number].spec;
                    let reason = no_runner::explain(spec, self.plugins, self.directory);
                    Outcome::failed(reason)
                } else {
                    begun.outcome.clone()
                };
                self.over(number, outcome, Some(begun)).await;
            }
            None => match self.why_never_begun(number) {
                Some(outcome) => self.over(number, outcome, None).await,
                None => {
                    // The slot of a task that has just ended is free a moment later.
                    let submissions = self.entries[number].submissions;
                    debug!(
                        number,
                        submissions, "the supervisor dropped a task: once more"
                    );
                    sleep(Duration::from_millis(1 << submissions)).await;
                    self.submit(number).await;
                }
            },
        }
    }

    /// Why a submitted task never began; `None` when there is no reason.
    ///
    /// The supervisor loses a task when the one before it in the slot ends in the same moment as it
    /// is replaced, and takes a slot for busy for a moment after its task has ended.
    fn why_never_begun(&self, number: usize) -> Option<Outcome> {
        let entry = &self.entries[number];
        let slot = entry.spec.slot();
        let drops = entry.spec.admission() == AdmissionPolicy::DropIfRunning;
        if self.supervisor.is_none() {
            Some(Outcome::canceled("interrupted before it began"))
        } else if drops && entry.slot_was_taken {
            Some(Outcome::NotAdmitted {
                reason: format!("slot '{slot}' was busy (admission dropIfRunning)"),
            })
        } else if self.slots.replaced(slot, number) {
            Some(Outcome::canceled(
                "replaced by a later task of its slot before it began",
            ))
        } else if entry.submissions >= SUBMISSIONS {
            Some(Outcome::failed("the supervisor did not start it"))
        } else {
            None
        }
    }

    /// Records the end of a task, and shows it where no event of the task has.
    async fn over(&mut self, number: usize, outcome: Outcome, begun: Option<Begun>) {
        let entry = &mut self.entries[number];
        let (attempts, took, source) = begun.map_or((0, None, None), |begun| {
            (begun.attempts, Some(begun.took), begun.source)
        });
        let was_shown = source.is_some();
        let note = outcome.to_string();
        entry.row = Some(Row {
            place: entry.place.clone(),
            slot: entry.spec.slot().clone(),
            outcome,
            attempts,
            took: took.unwrap_or_default(),
            source,
        });
        self.live -= 1;
        self.slots.over(entry.spec.slot());
        if !was_shown {
            let slot = self.entries[number].spec.slot();
            self.screen.note(slot, &note).await;
        }
    }

    /// Stops the supervisor and whatever it still runs.
    async fn finish(mut self) -> (Vec<Row>, Vec<String>) {
        if let Some(supervisor) = self.supervisor.take() {
            let limit = self.shared.grace + 2 * MARGIN;
            // What does not end in time is given up below.
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
                let outcome = Outcome::canceled("given up before it ended");
                self.over(number, outcome, None).await;
            }
        }
        let rows = self.entries.into_iter().filter_map(|entry| entry.row);
        (rows.collect(), self.problems)
    }
}

/// The next spec to arrive; never, when none is expected.
async fn arrival(
    more: &mut Option<mpsc::Receiver<Result<Placed, SpecError>>>,
) -> Option<Result<Placed, SpecError>> {
    match more {
        Some(more) => more.recv().await,
        None => std::future::pending().await,
    }
}
