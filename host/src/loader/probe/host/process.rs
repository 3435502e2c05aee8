//! The process of a probe, which is ended with its group.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::process::{Child, ExitStatus};

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};

/// A process that leads a group. Dropping it ends both.
pub(super) struct Process {
    child: Child,
    pid: Pid,
    pidfd: Option<OwnedFd>,
}

impl Process {
    pub(super) fn new(child: Child) -> Self {
        let pid = Pid::from_child(&child);
        Self {
            child,
            pid,
            pidfd: pidfd_of(pid),
        }
    }

    /// A descriptor that is readable once the process has ended, where the system has such a thing.
    pub(super) fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        self.pidfd.as_ref().map(|pidfd| pidfd.as_fd())
    }

    /// Whether the process has ended. It stays a zombie, so that its number is still its group's.
    pub(super) fn has_ended(&self) -> io::Result<bool> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(self.pid), options)?.is_some())
    }

    /// Ends the group and returns how the process ended.
    pub(super) fn end(mut self) -> io::Result<ExitStatus> {
        self.kill();
        self.child.wait()
    }

    /// Kills the process and its group while it, perhaps a zombie, keeps its number from being used
    /// again. The process itself may have left its group.
    fn kill(&self) {
        kill_process_group(self.pid, Signal::KILL).ok();
        kill_process(self.pid, Signal::KILL).ok();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // After `end` the status is known and the number may be another's.
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            self.kill();
            self.child.wait().ok();
        }
    }
}

#[cfg(target_os = "linux")]
fn pidfd_of(pid: Pid) -> Option<OwnedFd> {
    use rustix::process::{PidfdFlags, pidfd_open};
    pidfd_open(pid, PidfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn pidfd_of(_: Pid) -> Option<OwnedFd> {
    None
}
