//! What is counted of tasks.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use parking_lot::Mutex;

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
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "# HELP solti_tasks_accepted_total Tasks that were acknowledged.\n\
             # TYPE solti_tasks_accepted_total counter\n\
             solti_tasks_accepted_total {}",
            self.accepted.lock()
        );
        let _ = writeln!(
            text,
            "# HELP solti_tasks_ended_total Tasks that have ended, by how.\n\
             # TYPE solti_tasks_ended_total counter"
        );
        for (phase, count) in &*self.ended.lock() {
            let _ = writeln!(text, "solti_tasks_ended_total{{phase=\"{phase}\"}} {count}");
        }
        let _ = writeln!(
            text,
            "# HELP solti_tasks_refused_total Tasks that were not taken, by why.\n\
             # TYPE solti_tasks_refused_total counter"
        );
        for (code, count) in &*self.refused.lock() {
            let _ = writeln!(text, "solti_tasks_refused_total{{code=\"{code}\"}} {count}");
        }
    }
}
