//! Signals to all processes that a task has started.

#[cfg(target_os = "linux")]
mod strays;
#[cfg(not(target_os = "linux"))]
#[path = "group/no_strays.rs"]
mod strays;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use strays::Strays;
use tokio::process::Child;

/// The process group of a child, and its descendants outside of it.
///
/// No signal may be sent once the child has been reaped.
pub(super) struct Group {
    leader: Pid,
    strays: Strays,
}

impl Group {
    /// The group of a child that was started as the leader of one and has not been awaited.
    pub(super) fn led_by(child: &Child) -> Self {
        let leader = child
            .id()
            .and_then(|id| Pid::from_raw(id.cast_signed()))
            .expect("a child that has not been awaited has a number");
        Self {
            leader,
            strays: Strays::default(),
        }
    }

    /// Asks all processes to end.
    pub(super) fn terminate(&mut self) {
        self.freeze();
        self.signal(Signal::TERM);
        self.signal(Signal::CONT);
    }

    /// Kills all processes.
    pub(super) fn kill(&mut self) {
        self.freeze();
        self.signal(Signal::KILL);
    }

    /// Whether the child has not exited.
    pub(super) fn leader_runs(&self) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        matches!(waitid(WaitId::Pid(self.leader), look), Ok(None))
    }

    /// Stops all processes and finds those outside the group. A stopped process starts no other
    /// one and reaps none, so what is found is complete and stays what it is.
    fn freeze(&mut self) {
        self.signal(Signal::STOP);
        self.strays.find_below(self.leader);
    }

    /// Sends a signal to all known processes. A failure means that nobody is left to take it, or
    /// that the task has made itself another user: both are beyond us.
    fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.leader, signal);
        self.strays.signal(signal);
    }
}
