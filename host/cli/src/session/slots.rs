//! What has been submitted to each slot.

use std::collections::HashMap;

use solti_model::{AdmissionPolicy, Slot};

/// The slots of a run.
#[derive(Debug, Default)]
pub(super) struct Slots(HashMap<Slot, State>);

#[derive(Debug, Default)]
struct State {
    /// Tasks that were submitted and are not over.
    live: usize,
    /// The number of the last task that replaces those before it.
    last_to_replace: Option<usize>,
}

impl Slots {
    /// Records that the task `number` is submitted; whether another task has the slot.
    pub(super) fn submit(
        &mut self,
        slot: &Slot,
        number: usize,
        admission: AdmissionPolicy,
    ) -> bool {
        let state = self.0.entry(slot.clone()).or_default();
        let taken = state.live > 0;
        state.live += 1;
        if admission == AdmissionPolicy::Replace {
            state.last_to_replace = state.last_to_replace.max(Some(number));
        }
        taken
    }

    /// Records that a task is over.
    pub(super) fn over(&mut self, slot: &Slot) {
        if let Some(state) = self.0.get_mut(slot) {
            state.live -= 1;
        }
    }

    /// Whether a task that replaces others was submitted after the task `number`.
    pub(super) fn replaced(&self, slot: &Slot, number: usize) -> bool {
        self.0
            .get(slot)
            .is_some_and(|state| state.last_to_replace > Some(number))
    }
}
