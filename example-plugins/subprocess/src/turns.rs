//! Whose turn it is to start a process, where many are to be started at once.
//!
//! The system divides the processors among all that run, so that processes which are started together end
//! together: late. Most commands are short, and a few at a time each end sooner, and the last no later.

use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How long a process has its turn at most: one that runs for longer is not short, and leaves the processors
/// to others now and then.
const MOMENT: Duration = Duration::from_millis(2);

/// How many processes have a turn, for each processor: one runs while another is started or read.
const EACH: usize = 2;

/// The turns of all processes of a plugin.
#[derive(Debug, Clone)]
pub(crate) struct Turns(Arc<Semaphore>);

/// The turn of one, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _permit: OwnedSemaphorePermit,
}

impl Turns {
    pub(crate) fn new() -> Self {
        let processors = available_parallelism().map_or(1, NonZeroUsize::get);
        Self(Arc::new(Semaphore::new(processors * EACH)))
    }

    /// Waits until it is the turn of the next one, behind those that wait already.
    pub(crate) async fn next(&self) -> Turn {
        let permit = Arc::clone(&self.0).acquire_owned().await;
        Turn {
            _permit: permit.expect("nobody closes it"),
        }
    }
}

impl Turn {
    /// Waits for the end of what has begun in this turn, and gives the turn up before where that takes longer
    /// than a moment.
    pub(crate) async fn until<T>(self, end: impl Future<Output = T>) -> T {
        let mut end = pin!(end);
        if let Ok(end) = timeout(MOMENT, &mut end).await {
            return end;
        }
        drop(self);
        end.await
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_process_that_does_not_end_holds_up_the_next_one_for_a_moment_only() {
        let turns = Turns::new();
        let limit = turns.0.available_permits();
        let running: Vec<_> = (0..limit * 3)
            .map(|_| {
                let turns = turns.clone();
                tokio::spawn(async move { turns.next().await.until(pending::<()>()).await })
            })
            .collect();
        // They are all behind the first ones.
        tokio::task::yield_now().await;
        timeout(MOMENT / 2, turns.next())
            .await
            .expect_err("all turns are taken");
        // Behind all of those that wait.
        timeout(MOMENT * 8, turns.next())
            .await
            .expect("they are given up");
        running.iter().for_each(tokio::task::JoinHandle::abort);
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_ends_with_its_process() {
        let turns = Turns::new();
        let limit = turns.0.available_permits();
        for _ in 0..limit * 3 {
            turns.next().await.until(ready(())).await;
        }
        assert_eq!(turns.0.available_permits(), limit);
        let dropped = turns.next().await;
        assert_eq!(turns.0.available_permits(), limit - 1);
        drop(dropped);
        assert_eq!(turns.0.available_permits(), limit);
    }
}
