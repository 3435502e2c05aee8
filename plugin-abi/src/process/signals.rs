//! Signals to the group of a child that somebody else owns.

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process_group};

/// The way to a child's group for code that does not own the child, such as what answers a
/// supervisor's `signal`. Clones lead to the same group.
///
/// It reaches nobody once the child has been reaped or dropped: its number may be a stranger's then.
#[derive(Debug, Clone)]
pub struct GroupSignals {
    leader: Arc<Mutex<Option<Pid>>>,
}

impl GroupSignals {
    pub(super) fn to(leader: Pid) -> Self {
        Self {
            leader: Arc::new(Mutex::new(Some(leader))),
        }
    }

    /// Reaps the leader by `reap`; while it does, nobody sends a signal.
    pub(super) fn close_with<T>(&self, reap: impl FnOnce() -> T) -> T {
        let mut leader = self.leader.lock();
        let reaped = reap();
        *leader = None;
        reaped
    }

    /// The number of the process that leads the group; `None` once it has been reaped.
    #[must_use]
    pub fn leader(&self) -> Option<u32> {
        let leader = *self.leader.lock();
        leader.map(|pid| pid.as_raw_nonzero().get().cast_unsigned())
    }

    /// Sends the signal of this number to all processes of the group. Does not block.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a number that is no signal's, `NotFound` when the child has been reaped, and
    /// otherwise the system's.
    pub fn send(&self, signal: i32) -> io::Result<()> {
        let Some(signal) = Signal::from_named_raw(signal) else {
            let reason = format!("{signal} is not the number of a signal");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        };
        // Held until it is sent: the leader is not reaped meanwhile.
        let leader = self.leader.lock();
        match *leader {
            Some(leader) => Ok(kill_process_group(leader, signal)?),
            None => Err(io::Error::new(
                io::ErrorKind::NotFound,
                "the process has ended",
            )),
        }
    }
}
