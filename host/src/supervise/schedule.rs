//! Whose turn it is: what waits, what is ready, what runs.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::sync::Arc;

use solti_model::Slot;
use tokio::sync::oneshot;

use super::running::{Running, Waiter};
use super::slots::{Admission, Slots};
use super::submission::{Submission, TaskNumber};

/// Outputs of tasks that are over and not read, at which no further task begins: with as many jobs as
/// there is room for output, what they keep together is bounded.
const MOST_UNREAD: usize = 16;

/// The tasks that are not over, and whose turn it is.
#[derive(Default)]
pub(super) struct Schedule {
    /// 0 for any number.
    jobs: usize,
    next_number: u64,
    slots: Slots,
    /// Tasks whose turn it is when there is room, the first first. One may be over by then.
    ready: BinaryHeap<Reverse<TaskNumber>>,
    tasks: BTreeMap<TaskNumber, Turn>,
    /// Places that are taken.
    running: usize,
    outputs: HashMap<TaskNumber, Outputs>,
    /// Tasks that are over and whose output is not read.
    unread: usize,
    /// Tasks that are over and of which nobody has been told yet.
    pub(super) untold: usize,
    /// Whether no task begins any more.
    pub(super) stopped: bool,
}

/// Where a task stands.
pub(super) enum Turn {
    /// It has not begun. That is all there is of it.
    Waits(Arc<Submission>, Option<Box<Waiter>>),
    /// It has begun, and goes on when this is told.
    Pauses(Arc<Running>, oneshot::Sender<()>),
    /// It runs, or leaves its place to others until its next attempt.
    Runs(Arc<Running>),
}

/// A task whose turn it is.
pub(super) enum Next {
    /// It begins.
    Begins(TaskNumber, Arc<Submission>, Option<Box<Waiter>>),
    /// It goes on, when this is told.
    GoesOn(Arc<Running>, oneshot::Sender<()>),
}

/// The readers of one task's output.
#[derive(Default)]
struct Outputs {
    readers: usize,
    /// Whether the task is over.
    over: bool,
}

/// What a task that is added finds.
pub(super) enum Added {
    /// It waits, or is ready.
    Accepted,
    /// Its slot is busy, and it is not to wait.
    Refused,
    /// It waits for these to end: the one that has the slot, then those that waited for it.
    Replaces(Vec<TaskNumber>),
}

impl Schedule {
    /// Lets `jobs` tasks run at the same time; 0 for any number.
    pub(super) fn new(jobs: usize) -> Self {
        Self {
            jobs,
            ..Self::default()
        }
    }

    /// The number of the next task.
    pub(super) fn number(&mut self) -> TaskNumber {
        let number = TaskNumber(self.next_number);
        self.next_number += 1;
        number
    }

    /// Adds a task; one that is refused is not kept.
    pub(super) fn add(
        &mut self,
        number: TaskNumber,
        submission: &Arc<Submission>,
        waiter: &mut Option<Box<Waiter>>,
    ) -> Added {
        let admission = self
            .slots
            .enter(submission.slot(), number, submission.admission());
        if admission == Admission::Refused {
            return Added::Refused;
        }
        let turn = Turn::Waits(Arc::clone(submission), waiter.take());
        self.tasks.insert(number, turn);
        match admission {
            Admission::Free => self.ready.push(Reverse(number)),
            Admission::Replaces(before) => return Added::Replaces(before),
            Admission::Waits | Admission::Refused => {}
        }
        Added::Accepted
    }

    /// The next task whose turn it is, if there is room for it. It has its place from now on.
    pub(super) fn next(&mut self) -> Option<Next> {
        while self.has_room() && !self.stopped {
            let Reverse(number) = self.ready.pop()?;
            // Its place in the queue outlives a task that ended in the meantime, or wants no place now.
            let next = match self.tasks.remove(&number) {
                Some(Turn::Waits(submission, waiter)) => Next::Begins(number, submission, waiter),
                Some(Turn::Pauses(running, go)) => Next::GoesOn(running, go),
                Some(runs @ Turn::Runs(_)) => {
                    self.tasks.insert(number, runs);
                    continue;
                }
                None => continue,
            };
            self.running += 1;
            return Some(next);
        }
        None
    }

    fn has_room(&self) -> bool {
        self.jobs == 0 || (self.running < self.jobs && self.unread < MOST_UNREAD)
    }

    /// The task runs, in the place that it was given.
    pub(super) fn runs(&mut self, running: Arc<Running>) {
        running.set_place(true);
        self.tasks.insert(running.number, Turn::Runs(running));
    }

    /// A task that has begun leaves its place until its next attempt.
    pub(super) fn give_place(&mut self, running: &Running) {
        if running.has_place() {
            running.set_place(false);
            self.running -= 1;
        }
    }

    /// A task that has begun wants a place again; what is returned ends when it has one.
    pub(super) fn want_place(&mut self, running: &Arc<Running>) -> oneshot::Receiver<()> {
        let (go, gone) = oneshot::channel();
        let number = running.number;
        // One that was given up for lost gets none.
        if let Some(turn) = self.tasks.get_mut(&number) {
            *turn = Turn::Pauses(Arc::clone(running), go);
            self.ready.push(Reverse(number));
        }
        gone
    }

    /// A task that wanted a place does not want it any more.
    pub(super) fn want_none(&mut self, running: &Arc<Running>) {
        if let Some(turn @ Turn::Pauses(..)) = self.tasks.get_mut(&running.number) {
            *turn = Turn::Runs(Arc::clone(running));
        }
    }

    /// Where a task stands that is not over.
    pub(super) fn get(&self, number: TaskNumber) -> Option<&Turn> {
        self.tasks.get(&number)
    }

    /// A task is over, and somebody is to be told. `None` when that is known already.
    pub(super) fn remove(&mut self, number: TaskNumber) -> Option<Turn> {
        let turn = self.tasks.remove(&number)?;
        self.untold += 1;
        if let Turn::Runs(running) | Turn::Pauses(running, _) = &turn {
            self.give_place(running);
        }
        self.leave_slot(turn.slot(), number);
        if let Some(outputs) = self.outputs.get_mut(&number) {
            outputs.over = true;
            self.unread += 1;
        }
        Some(turn)
    }

    fn leave_slot(&mut self, slot: &Slot, number: TaskNumber) {
        if let Some(next) = self.slots.leave(slot, number) {
            self.ready.push(Reverse(next));
        }
    }

    /// Another reader of a task's output.
    pub(super) fn add_reader(&mut self, number: TaskNumber) {
        let outputs = self.outputs.entry(number).or_default();
        outputs.readers += 1;
    }

    /// A reader of a task's output has read it to its end, or left.
    pub(super) fn remove_reader(&mut self, number: TaskNumber) {
        let Some(outputs) = self.outputs.get_mut(&number) else {
            return;
        };
        outputs.readers -= 1;
        if outputs.readers == 0 {
            self.unread -= usize::from(outputs.over);
            self.outputs.remove(&number);
        }
    }

    /// Tasks that are not over, the first first.
    pub(super) fn numbers(&self) -> Vec<TaskNumber> {
        self.tasks.keys().copied().collect()
    }

    /// How many tasks are not over.
    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether none is left, and all ends are told.
    pub(super) fn is_idle(&self) -> bool {
        self.tasks.is_empty() && self.untold == 0
    }
}

impl Turn {
    fn slot(&self) -> &Slot {
        match self {
            Self::Waits(submission, _) => submission.slot(),
            Self::Pauses(running, _) | Self::Runs(running) => running.submission.slot(),
        }
    }
}
