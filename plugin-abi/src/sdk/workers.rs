//! The worker threads of the plugin's runtime, where the system has not enough of them.
//!
//! A runtime that gets some of its workers and not the others waits for ever for those it has got:
//! tokio panics in the midst of starting them, and drops the pool of those that run on its way out. So
//! threads are tried first; and where another program takes one in between, those that have come leave
//! again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// How long the system may take to start the next thread, or to count an ended one no longer.
/// Microseconds are usual.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is left of the last threads that the system has, for building tasks and for blocking work.
const SPARE: usize = 3;

/// As many of so many threads as the system has left; where those are fewer, some are not taken.
///
/// # Errors
///
/// When it has none.
pub fn granted(wanted: usize) -> io::Result<usize> {
    let gate = Mutex::new(());
    let waits = || {
        drop(gate.lock());
        // Its own place in the list of threads, `123/task/456`; only Linux has it.
        fs::read_link("/proc/thread-self").ok()
    };
    let mut refused = None;
    let tried: Vec<_> = thread::scope(|scope| {
        // None of them ends before all are there.
        let shut = gate.lock();
        let mut threads = Vec::new();
        while threads.len() < wanted && refused.is_none() {
            match thread::Builder::new().spawn_scoped(scope, waits) {
                Ok(thread) => threads.push(thread),
                Err(err) => refused = Some(err),
            }
        }
        drop(shut);
        let places = threads.into_iter().map(|thread| thread.join());
        places.map(|place| place.ok().flatten()).collect()
    });
    // They have ended, but it takes the system a moment more to count them no longer.
    tried.iter().flatten().for_each(wait_until_gone);
    match refused {
        Some(err) if tried.is_empty() => Err(err),
        Some(_) => Ok(tried.len().saturating_sub(SPARE).max(1)),
        None => Ok(wanted),
    }
}

fn wait_until_gone(thread: &PathBuf) {
    let place = Path::new("/proc").join(thread);
    let since = Instant::now();
    while place.exists() && since.elapsed() < PATIENCE {
        thread::yield_now();
    }
}

/// Where the workers wait for each other when they start.
#[derive(Debug)]
pub(super) struct Muster {
    expected: usize,
    come: Mutex<usize>,
    all: Condvar,
    patience: Duration,
}

impl Muster {
    pub(super) fn of(expected: usize) -> Arc<Self> {
        Self::within(expected, PATIENCE)
    }

    fn within(expected: usize, patience: Duration) -> Arc<Self> {
        Arc::new(Self {
            expected,
            come: Mutex::new(0),
            all: Condvar::new(),
            patience,
        })
    }

    /// Called by each thread as it starts; those that are no workers come later and pass.
    ///
    /// # Panics
    ///
    /// When the others do not come. It ends this thread, and with it the wait of the one that tries to
    /// start the runtime, which has the system's reason.
    pub(super) fn arrive(&self) {
        let mut come = self.come.lock();
        *come += 1;
        if *come >= self.expected {
            self.all.notify_all();
            return;
        }
        let missing = |come: &mut usize| *come < self.expected;
        self.all.wait_while_for(&mut come, missing, self.patience);
        assert!(
            *come >= self.expected,
            "the system has started {come} of {} worker threads",
            self.expected
        );
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;

    use super::*;

    #[test]
    fn threads_that_were_tried_are_counted_no_longer() {
        for _ in 0..100 {
            let before = fs::read_dir("/proc/self/task").unwrap().count();
            assert_eq!(granted(8).unwrap(), 8);
            let after = fs::read_dir("/proc/self/task").unwrap().count();
            // Other tests run beside this one.
            assert!(after < before + 8, "{before} {after}");
        }
    }

    #[test]
    fn workers_whose_others_stay_away_end_and_the_start_of_their_runtime_with_them() {
        let muster = Muster::within(3, Duration::from_millis(50));
        // Two come, as of a third that the system refuses.
        let mut builder = Builder::new_multi_thread();
        let runtime = builder
            .worker_threads(2)
            .on_thread_start(move || muster.arrive())
            .build()
            .unwrap();
        // It waits for its workers, which have panicked.
        drop(runtime);
    }

    #[test]
    fn a_thread_that_is_no_worker_does_not_wait() {
        let muster = Muster::within(2, Duration::from_secs(60));
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| muster.arrive());
            }
        });
        muster.arrive();
    }
}
