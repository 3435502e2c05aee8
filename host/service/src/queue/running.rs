//! The tasks of a queue that this service runs, by their names there.

use std::collections::{HashMap, HashSet, VecDeque};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

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
    running: HashMap<String, CancellationToken>,
    cancelled: HashSet<String>,
    oldest_first: VecDeque<String>,
}

impl Running {
    /// One begins; what is cancelled when somebody asks for its end. None where that has been asked for.
    pub(super) fn begin(&self, name: &str) -> Option<CancellationToken> {
        let mut state = self.state.lock();
        if state.cancelled.contains(name) {
            return None;
        }
        let token = CancellationToken::new();
        state.running.insert(name.to_owned(), token.clone());
        Some(token)
    }

    pub(super) fn end(&self, name: &str) {
        self.state.lock().running.remove(name);
    }

    /// Somebody has asked for the end of a task.
    pub(super) fn cancel(&self, name: &str) {
        let mut state = self.state.lock();
        if let Some(token) = state.running.get(name) {
            token.cancel();
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
        assert!(running.begin("a").is_none());
        let token = running.begin("b").expect("nobody has asked for its end");
        running.cancel("b");
        assert!(token.is_cancelled());
        for number in 0..=REMEMBERED {
            running.cancel(&number.to_string());
        }
        assert_eq!(running.state.lock().cancelled.len(), REMEMBERED);
    }
}
