//! Threads that are kept for building.
//!
//! Building a task may take as long as its runner likes, and blocks the thread it is called on. On
//! a worker of a runtime, or on the pool for blocking work that attempts use as well, a few slow
//! builds, or many attempts, would stop every other build. So builds that may wait have threads of
//! their own: started when there is a build and none is idle, at most [`MOST_THREADS`], ended when
//! there was nothing to build for [`IDLE`].

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::error::RunnerError;
use crate::signal_stack;

/// Builds that run at the same time in one library; further ones wait for their turn.
const MOST_THREADS: usize = 16;

/// How long a thread waits for another build before it ends.
const IDLE: Duration = Duration::from_secs(2);

type Build = Box<dyn FnOnce() + Send>;

static POOL: Pool = Pool {
    state: Mutex::new(State {
        waiting: VecDeque::new(),
        threads: 0,
        idle: 0,
    }),
    more: Condvar::new(),
};

struct Pool {
    state: Mutex<State>,
    /// Told when a build waits.
    more: Condvar,
}

struct State {
    waiting: VecDeque<Build>,
    threads: usize,
    idle: usize,
}

/// Runs `build` on a thread for building; returns at once.
///
/// # Errors
///
/// [`RunnerError::Internal`] when the system has no thread for it and no other is there.
pub(crate) fn run(build: impl FnOnce() + Send + 'static) -> Result<(), RunnerError> {
    POOL.run(Box::new(build)).map_err(|err| {
        RunnerError::Internal(format!(
            "the system has no thread to build the task on: {err}"
        ))
    })
}

/// Runs `build` on a thread for building and waits for what it returns; a panic goes on in the caller.
///
/// # Errors
///
/// What `build` returns; [`RunnerError::Internal`] when the system has no thread for it.
#[doc(hidden)]
pub async fn build_apart<T: Send + 'static>(
    build: impl FnOnce() -> Result<T, RunnerError> + Send + 'static,
) -> Result<T, RunnerError> {
    let (done, built) = oneshot::channel();
    run(move || {
        if done.is_closed() {
            return;
        }
        // Nobody may wait any more.
        let _ = done.send(catch_unwind(AssertUnwindSafe(build)));
    })?;
    match built.await {
        Ok(Ok(built)) => built,
        Ok(Err(panic)) => resume_unwind(panic),
        Err(_) => Err(RunnerError::Internal("the build was given up".to_owned())),
    }
}

impl Pool {
    fn run(&'static self, build: Build) -> io::Result<()> {
        let mut state = self.state.lock();
        state.waiting.push_back(build);
        if state.idle >= state.waiting.len() {
            self.more.notify_one();
            return Ok(());
        }
        if state.threads >= MOST_THREADS {
            return Ok(());
        }
        let started = std::thread::Builder::new()
            .name("plugin-build".to_owned())
            .spawn(|| {
                signal_stack::give();
                self.work();
                signal_stack::take();
            });
        match started {
            Ok(_) => {
                state.threads += 1;
                Ok(())
            }
            // Those that are there will come to it.
            Err(_) if state.threads > 0 => Ok(()),
            Err(err) => {
                state.waiting.pop_back();
                Err(err)
            }
        }
    }

    fn work(&self) {
        let mut state = self.state.lock();
        loop {
            if let Some(build) = state.waiting.pop_front() {
                // A destructor of what nobody waits for may panic; the thread must not be missed.
                let built = parking_lot::MutexGuard::unlocked(&mut state, || {
                    catch_unwind(AssertUnwindSafe(build))
                });
                if let Err(payload) = built {
                    std::mem::forget(payload);
                }
                continue;
            }
            state.idle += 1;
            let timed_out = self.more.wait_for(&mut state, IDLE).timed_out();
            state.idle -= 1;
            if timed_out && state.waiting.is_empty() {
                state.threads -= 1;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_slow_build_does_not_hold_up_the_next() {
        let (release, held) = channel::<()>();
        let (done, results) = channel();
        run(move || {
            let _ = held.recv();
        })
        .unwrap();
        run(move || done.send(7).unwrap()).unwrap();
        assert_eq!(results.recv_timeout(Duration::from_secs(30)), Ok(7));
        drop(release);
    }

    #[test]
    fn more_builds_than_threads_are_all_done() {
        let (done, results) = channel();
        for number in 0..200 {
            let done = done.clone();
            run(move || done.send(number).unwrap()).unwrap();
        }
        drop(done);
        let mut numbers: Vec<i32> = results.iter().collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..200).collect::<Vec<_>>());
    }
}
