//! The tasks of a supervisor, from when each is submitted until it is over.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use solti_model::TaskId;
use solti_plugin_abi::{AttemptControl, TapOptions};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::end::TaskEnd;
use super::observer::Observer;
use super::options::SupervisorOptions;
use super::outcome::Outcome;
use super::output::TaskOutput;
use super::runners::Runners;
use super::running::{Running, Waiter};
use super::schedule::{Added, Next, Schedule, Turn};
use super::submission::{Submission, TaskNumber};

/// The tasks of a supervisor.
pub(super) struct Tasks {
    pub(super) runners: Runners,
    pub(super) options: SupervisorOptions,
    pub(super) observer: Box<dyn Observer>,
    schedule: Mutex<Schedule>,
    /// Cancelled when all are to end.
    pub(super) stop: CancellationToken,
    runtime: Handle,
    /// Runs a task whose turn it is.
    run: fn(Arc<Tasks>, Arc<Running>, &Handle),
    /// Told when there is none any more.
    idle: Notify,
    /// What runs them, until it has let go of everything.
    pub(super) futures: TaskTracker,
}

/// A task that is over, and who waits for that.
type Ended = (TaskEnd, Option<Box<Waiter>>);

impl Tasks {
    pub(super) fn new(
        runners: Runners,
        options: SupervisorOptions,
        observer: Box<dyn Observer>,
        run: fn(Arc<Tasks>, Arc<Running>, &Handle),
    ) -> Self {
        Self {
            runners,
            schedule: Mutex::new(Schedule::new(options.jobs)),
            options,
            observer,
            stop: CancellationToken::new(),
            runtime: Handle::current(),
            run,
            idle: Notify::new(),
            futures: TaskTracker::new(),
        }
    }

    /// Takes a task.
    pub(super) fn submit(
        self: &Arc<Self>,
        submission: Submission,
        mut waiter: Option<Box<Waiter>>,
    ) -> TaskNumber {
        let submission = Arc::new(submission);
        // Asks runners, which may take as long as they like.
        let is_taken = self.runners.takes(&submission);
        let mut ended = Vec::new();
        let mut schedule = self.schedule.lock();
        let number = schedule.number();
        let refused = if schedule.stopped {
            Some(Outcome::canceled("interrupted before it started"))
        } else if !is_taken {
            Some(Outcome::NoRunner {
                kind: submission.kind().to_owned(),
            })
        } else {
            match schedule.add(number, &submission, &mut waiter) {
                Added::Accepted => None,
                Added::Refused => Some(Outcome::NotAdmitted {
                    reason: format!(
                        "slot '{}' was busy (admission dropIfRunning)",
                        submission.slot()
                    ),
                }),
                Added::Replaces(before) => {
                    for before in before {
                        let why = "replaced by a later task in its slot";
                        ended.extend(end_now(&mut schedule, before, why));
                    }
                    None
                }
            }
        };
        if let Some(outcome) = refused {
            schedule.untold += 1;
            ended.push((TaskEnd::unstarted(number, submission, outcome), waiter));
        }
        self.go_on(&mut schedule);
        drop(schedule);
        self.tell(ended);
        number
    }

    /// Ends a task; `false` when it is over already.
    pub(super) fn cancel(self: &Arc<Self>, number: TaskNumber, why: &'static str) -> bool {
        let mut schedule = self.schedule.lock();
        if schedule.get(number).is_none() {
            return false;
        }
        let ended = end_now(&mut schedule, number, why);
        self.go_on(&mut schedule);
        drop(schedule);
        self.tell(ended.into_iter().collect());
        true
    }

    /// Ends all tasks that have not begun, asks the others to end, and takes no more.
    pub(super) fn stop(self: &Arc<Self>) {
        let mut schedule = self.schedule.lock();
        schedule.stopped = true;
        let mut ended = Vec::new();
        for number in schedule.numbers() {
            ended.extend(end_now(&mut schedule, number, "interrupted"));
        }
        drop(schedule);
        self.stop.cancel();
        self.tell(ended);
    }

    /// Gives up all tasks that are not over.
    pub(super) fn abandon(&self) {
        let mut schedule = self.schedule.lock();
        let mut ended = Vec::new();
        for number in schedule.numbers() {
            if let Some(Turn::Runs(running) | Turn::Pauses(running, _)) = schedule.remove(number) {
                let waiter = running.waiter.lock().take();
                ended.push((running.end(Outcome::abandoned()), waiter));
            }
        }
        drop(schedule);
        self.tell(ended);
    }

    /// A task that ran is over.
    pub(super) fn end(self: &Arc<Self>, running: &Running, outcome: Outcome) {
        let mut schedule = self.schedule.lock();
        if schedule.remove(running.number).is_none() {
            return;
        }
        self.go_on(&mut schedule);
        drop(schedule);
        let waiter = running.waiter.lock().take();
        self.tell(vec![(running.end(outcome), waiter)]);
    }

    /// Begins, or lets go on, whatever there is room for.
    fn go_on(self: &Arc<Self>, schedule: &mut Schedule) {
        while let Some(next) = schedule.next() {
            match next {
                Next::Begins(number, submission, waiter) => {
                    let cancel = self.stop.child_token();
                    let running = Arc::new(Running::new(number, submission, waiter, cancel));
                    schedule.runs(Arc::clone(&running));
                    (self.run)(Arc::clone(self), running, &self.runtime);
                }
                Next::GoesOn(running, go) => {
                    schedule.runs(running);
                    // Who does not listen any more finds that it has a place.
                    let _ = go.send(());
                }
            }
        }
    }

    /// Leaves its place to others until `until` has ended; `false` when the task is to end.
    pub(super) async fn pause(
        self: &Arc<Self>,
        running: &Arc<Running>,
        until: impl Future<Output = ()>,
    ) -> bool {
        {
            let mut schedule = self.schedule.lock();
            schedule.give_place(running);
            self.go_on(&mut schedule);
        }
        tokio::select! {
            biased;
            () = running.cancel.cancelled() => return false,
            () = until => {}
        }
        let place = {
            let mut schedule = self.schedule.lock();
            let place = schedule.want_place(running);
            self.go_on(&mut schedule);
            place
        };
        tokio::select! {
            biased;
            () = running.cancel.cancelled() => {
                self.schedule.lock().want_none(running);
                false
            }
            place = place => place.is_ok(),
        }
    }

    /// A reader of all that a task writes from now on.
    pub(super) fn output(
        self: &Arc<Self>,
        running: &Running,
        id: &TaskId,
        options: TapOptions,
    ) -> Option<TaskOutput> {
        let router = self.runners.router();
        let context = running.submission.context(&router);
        let tap = context.output_registry().tap(id, options)?;
        let number = running.number;
        self.schedule.lock().add_reader(number);
        let tasks: Weak<Self> = Arc::downgrade(self);
        Some(TaskOutput::new(tap, move || {
            if let Some(tasks) = tasks.upgrade() {
                let mut schedule = tasks.schedule.lock();
                schedule.remove_reader(number);
                tasks.go_on(&mut schedule);
            }
        }))
    }

    /// The way to the attempt of a task that runs.
    pub(super) fn attempt(&self, number: TaskNumber) -> Option<AttemptControl> {
        match self.schedule.lock().get(number)? {
            Turn::Runs(running) => running.progress.lock().control.clone(),
            Turn::Waits(..) | Turn::Pauses(..) => None,
        }
    }

    /// Whether a task is not over.
    pub(super) fn has(&self, number: TaskNumber) -> bool {
        self.schedule.lock().get(number).is_some()
    }

    /// How many tasks are not over.
    pub(super) fn len(&self) -> usize {
        self.schedule.lock().len()
    }

    /// Waits until no task is left, and all ends are told.
    pub(super) async fn idle(&self) {
        loop {
            let told = self.idle.notified();
            if self.schedule.lock().is_idle() {
                break;
            }
            told.await;
        }
        // Closing it keeps nothing out.
        self.futures.close();
        self.futures.wait().await;
    }

    /// Tells whoever wants to know of tasks that are over; the schedule is not locked.
    fn tell(&self, ended: Vec<Ended>) {
        if ended.is_empty() {
            return;
        }
        let count = ended.len();
        for (end, waiter) in ended {
            if let Some(waiter) = waiter {
                // Who does not wait any more has cancelled it.
                drop(waiter.end.send(end.clone()));
            }
            self.observer.ended(end);
        }
        let mut schedule = self.schedule.lock();
        schedule.untold -= count;
        if schedule.is_idle() {
            self.idle.notify_waiters();
        }
    }
}

/// Ends a task that has not begun, and asks one that has.
fn end_now(schedule: &mut Schedule, number: TaskNumber, why: &'static str) -> Option<Ended> {
    if let Some(Turn::Runs(running) | Turn::Pauses(running, _)) = schedule.get(number) {
        running.cancel(why);
        return None;
    }
    let Some(Turn::Waits(submission, waiter)) = schedule.remove(number) else {
        return None;
    };
    let outcome = Outcome::canceled(format!("{why} before it started"));
    Some((TaskEnd::unstarted(number, submission, outcome), waiter))
}
