//! What is counted of tasks.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::exposition::{counters, single};

/// What is counted of tasks.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    accepted: Mutex<u64>,
    /// By the phase they ended in.
    ended: Mutex<BTreeMap<String, u64>>,
    /// By the code of the refusal.
    refused: Mutex<BTreeMap<&'static str, u64>>,
}

impl Counters {
    pub(super) fn accepted(&self) {
        *self.accepted.lock() += 1;
    }

    pub(super) fn ended(&self, phase: &str) {
        let mut ended = self.ended.lock();
        match ended.get_mut(phase) {
            Some(count) => *count += 1,
            None => {
                ended.insert(phase.to_owned(), 1);
            }
        }
    }

    pub(super) fn refused(&self, code: &'static str) {
        *self.refused.lock().entry(code).or_default() += 1;
    }

    /// In Prometheus' text format.
    pub(crate) fn write(&self, text: &mut String) {
        single(
            text,
            "solti_tasks_accepted_total",
            "counter",
            "Tasks that were acknowledged.",
            self.accepted.lock(),
        );
        let (ended, refused) = (self.ended.lock(), self.refused.lock());
        counters(
            text,
            "solti_tasks_ended_total",
            "Tasks that have ended, by how.",
            ended
                .iter()
                .map(|(phase, count)| (format!("phase=\"{phase}\""), *count)),
        );
        counters(
            text,
            "solti_tasks_refused_total",
            "Tasks that were not taken, by why.",
            refused
                .iter()
                .map(|(code, count)| (format!("code=\"{code}\""), *count)),
        );
    }
}
