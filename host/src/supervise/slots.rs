//! Who has each slot, and who waits for it.

use std::collections::{HashMap, VecDeque};

use solti_model::{AdmissionPolicy, Slot};

use super::submission::TaskNumber;

/// The slots of a supervisor; one that nobody has or waits for takes no memory.
#[derive(Debug, Default)]
pub(super) struct Slots(HashMap<Slot, State>);

#[derive(Debug)]
struct State {
    /// The task that has the slot.
    holder: TaskNumber,
    /// Those that get it afterwards.
    waiting: VecDeque<TaskNumber>,
}

/// What a task that comes to a slot finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// The slot is free, and now its own.
    Free,
    /// It gets the slot later.
    Waits,
    /// The slot is taken, and it is not to wait.
    Refused,
    /// It gets the slot when these are over, which are to end: the holder, then those that waited.
    Replaces(Vec<TaskNumber>),
}

impl Slots {
    /// The task `number` comes to a slot.
    pub(super) fn enter(
        &mut self,
        slot: &Slot,
        number: TaskNumber,
        admission: AdmissionPolicy,
    ) -> Admission {
        let Some(state) = self.0.get_mut(slot) else {
            let state = State {
                holder: number,
                waiting: VecDeque::new(),
            };
            self.0.insert(slot.clone(), state);
            return Admission::Free;
        };
        match admission {
            AdmissionPolicy::Replace => {
                let waiting = std::mem::replace(&mut state.waiting, VecDeque::from([number]));
                Admission::Replaces(std::iter::once(state.holder).chain(waiting).collect())
            }
            AdmissionPolicy::Queue => {
                state.waiting.push_back(number);
                Admission::Waits
            }
            _ => Admission::Refused,
        }
    }

    /// The task `number` is over; who has the slot now, if another got it by that.
    pub(super) fn leave(&mut self, slot: &Slot, number: TaskNumber) -> Option<TaskNumber> {
        let state = self.0.get_mut(slot)?;
        if state.holder != number {
            state.waiting.retain(|waiting| *waiting != number);
            return None;
        }
        match state.waiting.pop_front() {
            Some(next) => {
                state.holder = next;
                Some(next)
            }
            None => {
                self.0.remove(slot);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_has_one_task_at_a_time_and_those_that_wait_get_it_in_order() {
        let [zero, one, two, three, four, five, six] = [0, 1, 2, 3, 4, 5, 6].map(TaskNumber);
        let mut slots = Slots::default();
        let slot = Slot::from("a");
        let queue = AdmissionPolicy::Queue;
        assert_eq!(slots.enter(&slot, zero, queue), Admission::Free);
        assert_eq!(slots.enter(&slot, one, queue), Admission::Waits);
        let refused = slots.enter(&slot, two, AdmissionPolicy::DropIfRunning);
        assert_eq!(refused, Admission::Refused);
        assert_eq!(slots.enter(&slot, three, queue), Admission::Waits);
        assert_eq!(slots.enter(&Slot::from("b"), four, queue), Admission::Free);
        assert_eq!(slots.leave(&slot, two), None);
        assert_eq!(slots.leave(&slot, zero), Some(one));
        let replaced = slots.enter(&slot, five, AdmissionPolicy::Replace);
        assert_eq!(replaced, Admission::Replaces(vec![one, three]));
        // The slot is not free before its holder has gone.
        assert_eq!(slots.leave(&slot, three), None);
        assert_eq!(slots.leave(&slot, one), Some(five));
        assert_eq!(slots.leave(&slot, five), None);
        assert_eq!(slots.enter(&slot, six, queue), Admission::Free);
        assert_eq!(slots.0.len(), 2);
    }
}
