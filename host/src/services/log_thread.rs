//! The thread that writes the log.
//!
//! Whoever writes a log may be stopped by whoever reads it: a standard error that is full blocks the
//! writer. That must not be a thread of a plugin, so what is to be written waits here, and one thread
//! of the host's writes it. It is started by the first entry, and ends when there was none for
//! [`IDLE`].

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tracing::{Dispatch, dispatcher, error, warn};

use super::catch::containing;

/// How long the thread waits for another entry before it ends.
const IDLE: Duration = Duration::from_secs(2);

/// Entries of the host's own that wait at most.
const MOST_SAID: usize = 256;

static SAID: AtomicUsize = AtomicUsize::new(0);
static UNSAID: AtomicU64 = AtomicU64::new(0);

static THREAD: LogThread = LogThread {
    state: Mutex::new(State {
        waiting: VecDeque::new(),
        has_thread: false,
    }),
    more: Condvar::new(),
    written: Condvar::new(),
};

type Entry = Box<dyn FnOnce() + Send>;

struct LogThread {
    state: Mutex<State>,
    /// Told when an entry waits.
    more: Condvar,
    /// Told when an entry has been written.
    written: Condvar,
}

struct State {
    waiting: VecDeque<Entry>,
    has_thread: bool,
}

/// Has the thread write `entry`, for the subscriber that the calling thread has; returns at once. The
/// caller sees to it that not too many wait.
pub(super) fn write(entry: impl FnOnce() + Send + 'static) {
    // It may be one thread's alone.
    let dispatch = dispatcher::get_default(Dispatch::clone);
    THREAD.push(Box::new(move || {
        dispatcher::with_default(&dispatch, entry);
    }));
}

/// As [`write`], for what the host itself has to say on a thread of a plugin. When too much of that
/// waits, it is left out and counted.
pub(crate) fn say(event: impl FnOnce() + Send + 'static) {
    if SAID.fetch_add(1, Ordering::Relaxed) >= MOST_SAID {
        SAID.fetch_sub(1, Ordering::Relaxed);
        UNSAID.fetch_add(1, Ordering::Relaxed);
        return;
    }
    write(move || {
        SAID.fetch_sub(1, Ordering::Relaxed);
        event();
        let unsaid = UNSAID.swap(0, Ordering::Relaxed);
        if unsaid > 0 {
            warn!("the log takes the host's own records too slowly: {unsaid} lost");
        }
    });
}

/// Waits until `is_done`, which is looked at after each entry; whether it is, at `until`.
pub(super) fn wait(until: Instant, is_done: impl Fn() -> bool) -> bool {
    let mut state = THREAD.state.lock();
    while !is_done() {
        if THREAD.written.wait_until(&mut state, until).timed_out() {
            return is_done();
        }
    }
    true
}

impl LogThread {
    fn push(&'static self, entry: Entry) {
        let mut state = self.state.lock();
        state.waiting.push_back(entry);
        if !state.has_thread {
            let started = std::thread::Builder::new()
                .name("plugin-log".to_owned())
                .spawn(|| self.work());
            state.has_thread = started.is_ok();
            if !state.has_thread {
                // Without a thread the caller's has to do: better late than lost.
                drop(state);
                self.write_all();
                return;
            }
        }
        drop(state);
        self.more.notify_one();
    }

    fn work(&self) {
        loop {
            self.write_all();
            let mut state = self.state.lock();
            let idle_since = Instant::now();
            while state.waiting.is_empty() {
                let timed_out = self
                    .more
                    .wait_until(&mut state, idle_since + IDLE)
                    .timed_out();
                if timed_out && state.waiting.is_empty() {
                    state.has_thread = false;
                    return;
                }
            }
        }
    }

    fn write_all(&self) {
        loop {
            let Some(entry) = self.state.lock().waiting.pop_front() else {
                return;
            };
            // Also for destructors of the host application's: a thread that one ended would be missed.
            if let Err(payload) = containing(entry) {
                // A payload may panic when it is dropped, and nothing could catch that any more.
                std::mem::forget(payload);
                let _ = containing(|| error!(service = "log", "a host service panicked"));
            }
            // With the lock held nobody can have looked and not yet be waiting.
            let _state = self.state.lock();
            self.written.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn what_the_host_says_waits_for_nobody_and_is_bounded() {
        let (go, held) = channel::<()>();
        let (done, said) = channel();
        write(move || {
            let _ = held.recv();
        });
        let began = Instant::now();
        let extra = 9;
        for number in 0..MOST_SAID + extra {
            let done = done.clone();
            say(move || done.send(number).unwrap_or_default());
        }
        drop(done);
        assert!(began.elapsed() < Duration::from_secs(5));
        drop(go);
        let said: Vec<_> = said.iter().collect();
        // Another test of this process may have had something to say, too.
        assert!(said.len() <= MOST_SAID && said.len() > MOST_SAID / 2);
        assert_eq!(said, (0..said.len()).collect::<Vec<_>>());
    }

    #[test]
    fn an_entry_that_panics_does_not_end_the_thread() {
        write(|| panic!("told to panic"));
        let (done, written) = channel();
        write(move || done.send(7).unwrap_or_default());
        assert_eq!(written.recv_timeout(Duration::from_secs(30)), Ok(7));
    }
}
