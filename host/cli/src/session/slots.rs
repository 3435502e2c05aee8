//! Who has each slot, and who waits for it.

use std::collections::{HashMap, VecDeque};

use solti_model::{AdmissionPolicy, Slot};

/// The slots of a run.
#[derive(Debug, Default)]
pub(super) struct Slots(HashMap<Slot, State>);

#[derive(Debug, Default)]
struct State {
    /// The task that has the slot.
    holder: Option<usize>,
    /// Those that get it afterwards.
    waiting: VecDeque<usize>,
    /// The number of the last task that replaces those before it.
    last_to_replace: Option<usize>,
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
    /// The slot is now its own: these had it or waited for it, the holder first.
    Replaces(Vec<usize>),
}

impl Slots {
    /// The task `number` comes to a slot.
    pub(super) fn enter(
        &mut self,
        slot: &Slot,
        number: usize,
        admission: AdmissionPolicy,
    ) -> Admission {
        let state = self.0.entry(slot.clone()).or_default();
        let Some(holder) = state.holder else {
            state.holder = Some(number);
            return Admission::Free;
        };
        match admission {
            AdmissionPolicy::Replace => {
                state.last_to_replace = Some(number);
                state.holder = Some(number);
                let before = std::iter::once(holder).chain(state.waiting.drain(..));
                Admission::Replaces(before.collect())
            }
            AdmissionPolicy::Queue => {
                state.waiting.push_back(number);
                Admission::Waits
            }
            _ => Admission::Refused,
        }
    }

    /// The task `number` is over; who has the slot now, if another got it by that.
    pub(super) fn leave(&mut self, slot: &Slot, number: usize) -> Option<usize> {
        let state = self.0.get_mut(slot)?;
        if state.holder != Some(number) {
            state.waiting.retain(|waiting| *waiting != number);
            return None;
        }
        state.holder = state.waiting.pop_front();
        let next = state.holder;
        if next.is_none() {
            self.0.remove(slot);
        }
        next
    }

    /// Whether a task that replaces others has come after the task `number`.
    pub(super) fn replaced(&self, slot: &Slot, number: usize) -> bool {
        self.0
            .get(slot)
            .is_some_and(|state| state.last_to_replace > Some(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_has_one_task_at_a_time_and_those_that_wait_get_it_in_order() {
        let mut slots = Slots::default();
        let slot = Slot::from("a");
        let queue = AdmissionPolicy::Queue;
        assert_eq!(slots.enter(&slot, 0, queue), Admission::Free);
        assert_eq!(slots.enter(&slot, 1, queue), Admission::Waits);
        assert_eq!(
            slots.enter(&slot, 2, AdmissionPolicy::DropIfRunning),
            Admission::Refused
        );
        assert_eq!(slots.enter(&slot, 3, queue), Admission::Waits);
        assert_eq!(slots.enter(&Slot::from("b"), 4, queue), Admission::Free);
        assert_eq!(slots.leave(&slot, 2), None);
        assert_eq!(slots.leave(&slot, 0), Some(1));
        assert_eq!(
            slots.enter(&slot, 5, AdmissionPolicy::Replace),
            Admission::Replaces(vec![1, 3])
        );
        assert!(slots.replaced(&slot, 3) && !slots.replaced(&slot, 5));
        assert_eq!(slots.leave(&slot, 1), None);
        assert_eq!(slots.leave(&slot, 5), None);
        assert_eq!(slots.enter(&slot, 6, queue), Admission::Free);
    }
}
