//! The tasks of a queue that this service runs, by their names there.

use std::collections::{HashMap, HashSet, VecDeque};

use parking_lot::Mutex;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::time::{now, rfc3339};

/// How many names are remembered of tasks whose end was asked for and that do not run here: one of them may
/// have been taken at that moment.
const REMEMBERED: usize = 10_000;

/// The tasks of a queue that this service runs.
#[derive(Debug, Default)]
pub(super) struct Running {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: HashMap<String, Run>,
    cancelled: HashSet<String>,
    oldest_first: VecDeque<String>,
}

/// A task that runs.
#[derive(Debug)]
struct Run {
    cancelled: CancellationToken,
    delivery: u64,
    /// Since when, in milliseconds since 1970.
    since: u64,
}

/// A task that runs, for who asks which do.
#[derive(Debug, Serialize)]
pub(super) struct RunningTask {
    name: String,
    /// How often it was delivered, with this time.
    delivery: u64,
    since: String,
}

impl Running {
    /// One begins; what is cancelled when somebody asks for its end. None where that has been asked for.
    pub(super) fn begin(&self, name: &str, delivery: u64) -> Option<CancellationToken> {
        let mut state = self.state.lock();
        if state.cancelled.contains(name) {
            return None;
        }
        let cancelled = CancellationToken::new();
        let run = Run {
            cancelled: cancelled.clone(),
            delivery,
            since: now(),
        };
        state.running.insert(name.to_owned(), run);
        Some(cancelled)
    }

    pub(super) fn end(&self, name: &str) {
        self.state.lock().running.remove(name);
    }

    /// Somebody has asked for the end of a task.
    pub(super) fn cancel(&self, name: &str) {
        let mut state = self.state.lock();
        if let Some(run) = state.running.get(name) {
            run.cancelled.cancel();
        } else if state.cancelled.insert(name.to_owned()) {
            state.oldest_first.push_back(name.to_owned());
            if state.oldest_first.len() > REMEMBERED
                && let Some(oldest) = state.oldest_first.pop_front()
            {
                state.cancelled.remove(&oldest);
            }
        }
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.state.lock().running.keys().cloned().collect()
    }

    /// Those that run, the oldest first.
    pub(super) fn list(&self) -> Vec<RunningTask> {
        let state = self.state.lock();
        let mut all: Vec<_> = state.running.iter().collect();
        all.sort_by_key(|(name, run)| (run.since, *name));
        all.into_iter()
            .map(|(name, run)| RunningTask {
                name: name.clone(),
                delivery: run.delivery,
                since: rfc3339(run.since),
            })
            .collect()
    }

    pub(super) fn len(&self) -> usize {
        self.state.lock().running.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_whose_end_is_asked_for_as_it_is_taken_does_not_begin() {
        let running = Running::default();
        running.cancel("a");
        assert!(running.begin("a", 1).is_none());
        let token = running.begin("b", 1).expect("nobody has asked for its end");
        running.cancel("b");
        assert!(token.is_cancelled());
        for number in 0..=REMEMBERED {
            running.cancel(&number.to_string());
        }
        assert_eq!(running.state.lock().cancelled.len(), REMEMBERED);
    }
}
