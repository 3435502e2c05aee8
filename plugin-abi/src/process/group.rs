//! Signals to a process group, and to what has left it.

#[cfg(target_os = "linux")]
mod strays;
#[cfg(not(target_os = "linux"))]
#[path = "group/no_strays.rs"]
mod strays;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use self::strays::Strays;

/// Kills the processes of a group that a child of another process leads, and with `strays` its
/// descendants that have left the group.
///
/// The caller knows that the number is still the leader's.
pub fn kill_group_of(leader: u32, strays: bool) {
    let Some(leader) = i32::try_from(leader).ok().and_then(Pid::from_raw) else {
        return;
    };
    let mut group = Group::led_by(leader);
    if strays {
        group.include_strays();
    }
    group.kill();
}

/// The process group that a child leads.
///
/// No signal may be sent once the child has been reaped: its number may be a stranger's by then.
#[derive(Debug)]
pub(super) struct Group {
    leader: Pid,
    /// `None` where signals are for the group alone.
    strays: Option<Strays>,
}

impl Group {
    pub(super) fn led_by(leader: Pid) -> Self {
        Self {
            leader,
            strays: None,
        }
    }

    /// Has signals reach the descendants that have left the group, too.
    pub(super) fn include_strays(&mut self) {
        self.strays = Some(Strays::default());
    }

    /// Asks all processes to end.
    pub(super) fn terminate(&mut self) {
        if self.strays.is_none() {
            self.signal(Signal::TERM);
        } else {
            self.freeze();
            self.signal(Signal::TERM);
            self.signal(Signal::CONT);
        }
    }

    /// Kills all processes.
    pub(super) fn kill(&mut self) {
        if self.strays.is_some() {
            self.freeze();
        }
        self.signal(Signal::KILL);
        // The leader may have left its group for another.
        let _ = kill_process(self.leader, Signal::KILL);
    }

    /// Stops all processes and finds the strays. A stopped process starts no other one and reaps
    /// none, so what is found is complete and stays what it is.
    fn freeze(&mut self) {
        self.signal(Signal::STOP);
        if let Some(strays) = &mut self.strays {
            strays.find_below(self.leader);
        }
    }

    /// Sends a signal to all known processes. A failure means that nobody is left to take it, or
    /// that it runs as another user by now: both are beyond us.
    fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.leader, signal);
        if let Some(strays) = &self.strays {
            strays.signal(signal);
        }
    }
}
