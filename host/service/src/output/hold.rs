//! Keeps a task from writing far ahead of somebody who takes all of its output.

use tokio::sync::watch;

/// How far a task may be ahead, in bytes of its log.
const AHEAD: u64 = 4 << 20;

/// How far somebody has come who takes all of a log; no bound where there is nobody.
#[derive(Debug)]
pub(super) struct Held(watch::Sender<u64>);

impl Default for Held {
    fn default() -> Self {
        Self(watch::Sender::new(u64::MAX))
    }
}

impl Held {
    /// Waits until a log that is so long may get longer.
    pub(super) async fn room(&self, end: u64) {
        if *self.0.borrow() == u64::MAX {
            return;
        }
        let mut taken = self.0.subscribe();
        // The sender is ours.
        let _ = taken
            .wait_for(|taken| taken.saturating_add(AHEAD) > end)
            .await;
    }

    #[cfg(feature = "queue")]
    pub(super) fn set(&self, taken: u64) {
        self.0.send_replace(taken);
    }
}

#[cfg(all(test, feature = "queue"))]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_task_waits_for_who_takes_its_output_and_not_for_nobody() {
        let held = Held::default();
        held.room(u64::MAX - 1).await;
        held.set(0);
        held.room(AHEAD - 1).await;
        let waits = tokio::time::timeout(Duration::from_millis(50), held.room(AHEAD));
        assert!(waits.await.is_err());
        held.set(1);
        held.room(AHEAD).await;
        held.set(u64::MAX);
        held.room(u64::MAX - 1).await;
    }
}
