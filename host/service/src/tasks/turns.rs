//! The order of tasks that share a slot.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use solti_api::{ApiError, ApiHandler as _};
use solti_model_published::{Task, TaskManifest};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::all::Tasks;

/// How long a task waits for the one before it: longer than core gives a build.
const LONGEST_BUILD: Duration = Duration::from_secs(35);

/// The last task of each slot that core has not taken yet, or has just.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<HashMap<String, CancellationToken>>);

/// A task's place in the order of its slot. It is over when core has taken the task, or it is no more.
#[derive(Debug)]
pub(super) struct Turn {
    slot: String,
    over: CancellationToken,
}

impl Turn {
    pub(super) fn new(slot: &str) -> Self {
        Self {
            slot: slot.to_owned(),
            over: CancellationToken::new(),
        }
    }

    /// Lets the next one go on.
    pub(super) fn end(&self) {
        self.over.cancel();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.end();
    }
}

impl Turns {
    /// Forgets a slot whose last task this was.
    pub(super) fn leave(&self, turn: &Turn) {
        let mut last = self.0.lock();
        if last
            .get(&turn.slot)
            .is_some_and(CancellationToken::is_cancelled)
        {
            last.remove(&turn.slot);
        }
    }
}

impl Tasks {
    /// Has core create a task, behind those of its slot that came before: it builds tasks side by side, and
    /// takes them as they are ready.
    pub(super) async fn hand_over(
        &self,
        name: &str,
        manifest: TaskManifest,
    ) -> Result<Task, ApiError> {
        let before = {
            let all = self.active.lock();
            let turn = all.get(name).map(|active| &active.turn);
            turn.and_then(|turn| {
                let over = turn.over.clone();
                self.turns.0.lock().insert(turn.slot.clone(), over)
            })
        };
        if let Some(before) = before {
            // One that is built for longer has lost its turn.
            let _ = timeout(LONGEST_BUILD, before.cancelled()).await;
        }
        self.core().adapter.create_task(manifest).await
    }
}
