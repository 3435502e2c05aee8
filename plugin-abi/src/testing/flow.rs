//! Who reads the output, and how that presses back on who writes it.

use std::collections::VecDeque;
use std::future::pending;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::output::{Pressure, Ready};

/// Who reads the output of a task.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Reader {
    /// One that is always there: a writer never waits.
    #[default]
    Eager,
    /// One that takes a while for each push; writers wait while more than `room` bytes are unread.
    Slow {
        /// How long it takes for each push.
        each: Duration,
        /// How many bytes may be unread.
        room: usize,
    },
    /// One that reads nothing until the token is cancelled, and is eager from then on.
    Held {
        /// What releases it.
        until: CancellationToken,
        /// How many bytes may be unread.
        room: usize,
    },
}

impl Reader {
    fn room(&self) -> usize {
        match self {
            Self::Eager => usize::MAX,
            Self::Slow { room, .. } | Self::Held { room, .. } => *room,
        }
    }
}

/// What is written and not read yet.
#[derive(Debug)]
pub(super) struct Flow {
    reader: Reader,
    state: Mutex<State>,
    /// The unread bytes, for those who wait asynchronously.
    unread: watch::Sender<usize>,
    /// Told with them.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    pushes: VecDeque<usize>,
    unread: usize,
    released: bool,
    /// How often a writer was told to wait.
    waits: u64,
}

impl Flow {
    pub(super) fn new(reader: Reader) -> Self {
        Self {
            state: Mutex::new(State {
                released: matches!(reader, Reader::Eager),
                ..State::default()
            }),
            reader,
            unread: watch::Sender::new(0),
            changed: Condvar::new(),
        }
    }

    /// Takes note of a push, and answers its writer.
    pub(super) fn pushed(&self, bytes: usize) -> Pressure {
        let mut state = self.state.lock();
        if state.released {
            return Pressure::None;
        }
        state.pushes.push_back(bytes);
        state.unread += bytes;
        let is_full = state.unread > self.reader.room();
        state.waits += u64::from(is_full);
        self.tell(&state);
        if is_full {
            Pressure::Wait
        } else {
            Pressure::None
        }
    }

    fn tell(&self, state: &State) {
        self.unread.send_replace(state.unread);
        self.changed.notify_all();
    }

    /// Ends when there is room.
    pub(super) fn ready(&self) -> Ready {
        let (mut unread, room) = (self.unread.subscribe(), self.reader.room());
        Box::pin(async move {
            // Its end is room, too: the test is over.
            let _ = unread.wait_for(|unread| *unread <= room).await;
        })
    }

    /// Blocks until there is room, or the time is over; whether there is.
    pub(super) fn wait_ready(&self, at_most: Duration) -> bool {
        let until = Instant::now() + at_most;
        let mut state = self.state.lock();
        while state.unread > self.reader.room() {
            if self.changed.wait_until(&mut state, until).timed_out() {
                return state.unread <= self.reader.room();
            }
        }
        true
    }

    /// Reads as the test has it, for ever.
    pub(super) async fn read(&self) {
        match &self.reader {
            Reader::Eager => {}
            Reader::Held { until, .. } => until.cancelled().await,
            Reader::Slow { each, .. } => self.read_slowly(*each).await,
        }
        self.release();
        pending().await
    }

    async fn read_slowly(&self, each: Duration) {
        let mut written = self.unread.subscribe();
        while written.wait_for(|unread| *unread > 0).await.is_ok() {
            tokio::time::sleep(each).await;
            let mut state = self.state.lock();
            let bytes = state.pushes.pop_front().unwrap_or_default();
            state.unread -= bytes;
            self.tell(&state);
        }
    }

    /// Reads all there is and will be: nobody waits any more.
    pub(super) fn release(&self) {
        let mut state = self.state.lock();
        state.released = true;
        state.pushes.clear();
        state.unread = 0;
        self.tell(&state);
    }

    pub(super) fn waits(&self) -> u64 {
        self.state.lock().waits
    }
}
