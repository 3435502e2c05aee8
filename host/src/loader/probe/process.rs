//! The process of a probe: waited for with a limit, and ended with its group.

use std::io;
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};

use super::streams::Streams;

/// How long is waited at once where the system cannot say that a process has ended.
const SLICE: Duration = Duration::from_millis(2);

/// A process that leads a group. Dropping it ends both.
pub(super) struct Process {
    child: Child,
    pid: Pid,
    /// Readable once the process has ended.
    end: Option<OwnedFd>,
}

impl Process {
    pub(super) fn new(child: Child) -> Self {
        let pid = Pid::from_child(&child);
        Self {
            child,
            pid,
            end: end_of(pid),
        }
    }

    /// Reads the streams until the process has ended; `false` when `deadline` came first.
    ///
    /// It does not wait for the ends of the streams: something that the plugin started may hold
    /// them for ever.
    pub(super) fn wait_until(&self, deadline: Instant, streams: &mut Streams) -> io::Result<bool> {
        loop {
            if self.has_ended()? {
                return Ok(true);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            let wait = if self.end.is_some() {
                left
            } else {
                left.min(SLICE)
            };
            streams.read(self.end.as_ref(), wait)?;
        }
    }

    /// Whether the process has ended. It stays a zombie, so that its number is still its group's.
    fn has_ended(&self) -> io::Result<bool> {
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
fn end_of(pid: Pid) -> Option<OwnedFd> {
    use rustix::process::{PidfdFlags, pidfd_open};
    pidfd_open(pid, PidfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn end_of(_: Pid) -> Option<OwnedFd> {
    None
}
