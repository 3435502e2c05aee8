//! The order of tasks that share a slot.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How long a task waits for the one before it: longer than core gives a build.
const LONGEST_BUILD: Duration = Duration::from_secs(35);

/// How many slots are remembered before those that nobody waits in are forgotten.
const MANY: usize = 4096;

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
    /// Puts a task behind the last one of its slot, whose end is to be waited for.
    pub(super) fn queue(&self, turn: &Turn) -> Option<Before> {
        let mut last = self.0.lock();
        // Those of tasks that were deleted while they ran.
        if last.len() >= MANY {
            last.retain(|_, over| !over.is_cancelled());
        }
        last.insert(turn.slot.clone(), turn.over.clone())
            .map(Before)
    }

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

/// The task before another one in its slot.
#[derive(Debug)]
pub(super) struct Before(CancellationToken);

impl Before {
    /// Waits until core has taken it.
    pub(super) async fn wait(self) {
        // One that is built for longer has lost its turn.
        let _ = timeout(LONGEST_BUILD, self.0.cancelled()).await;
    }
}
