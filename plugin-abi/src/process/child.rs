//! A child that can neither be left running nor stay behind as a zombie.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus};

use rustix::process::Pid;
use tokio::runtime::Handle;
use tracing::warn;

use super::group::Group;
use super::open_files;
use super::signals::GroupSignals;
use super::{children, exit};
use crate::guardian::{self, Guarded};

/// A child that leads a process group of its own.
///
/// It is reaped after the last signal to its group, and never before: until then its number, which
/// is the group's too, cannot become that of a stranger. So [`exited`](Self::exited) and
/// [`has_exited`](Self::has_exited) look without reaping, and what they return leaves room to
/// [`kill`](Self::kill) what the child has left in its group before [`reap`](Self::reap).
///
/// Dropping it kills the group. The child is then reaped in the background where a tokio runtime is
/// at hand, and otherwise at once, for which the drop blocks.
///
/// A key pressed in the host's terminal, such as Ctrl-C, does not reach the group.
#[derive(Debug)]
pub struct GroupChild {
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    /// Set once it has been reaped.
    status: Option<ExitStatus>,
    pid: Pid,
    group: Group,
    signals: GroupSignals,
    /// Where the host has a guardian, until it has been reaped.
    guarded: Option<Guarded>,
}

impl GroupChild {
    /// Starts a command as the leader of a group.
    ///
    /// # Errors
    ///
    /// The system's, which does not tell whether the program or the working directory is at fault.
    pub fn spawn(command: &mut Command) -> io::Result<Self> {
        children::keep_their_ends();
        let starting = guardian::starting(None::<OwnedFd>);
        let mut child = command
            .process_group(0)
            .spawn()
            .inspect_err(guardian::make_room)?;
        let pid = Pid::from_child(&child);
        let guarded = starting.and_then(|starting| starting.started(child.id()));
        open_files::give_back(pid);
        let mut started = Self::of(pid, child.stdout.take(), child.stderr.take());
        started.stdin = child.stdin.take();
        started.guarded = guarded;
        Ok(started)
    }

    /// A child that was started as the leader of a group, with its output piped.
    pub(super) fn started(
        pid: Pid,
        stdout: ChildStdout,
        stderr: ChildStderr,
        guarded: Option<Guarded>,
    ) -> Self {
        let mut started = Self::of(pid, Some(stdout), Some(stderr));
        started.guarded = guarded;
        started
    }

    /// Has signals reach strays too: descendants that have left the group, as `setsid` and shells
    /// with job control make them.
    ///
    /// They are found through their parents, and only on Linux. One that has left the group *and*
    /// lost its parent, a daemon, stays out of reach.
    #[must_use]
    pub fn with_strays(mut self) -> Self {
        self.group.include_strays();
        if let Some(guarded) = &mut self.guarded {
            guarded.include_strays();
        }
        self
    }

    /// The child's number. Once it has been reaped, that may be another's.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().cast_unsigned()
    }

    /// Its standard input, if it is piped; it can be taken once.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.stdin.take()
    }

    /// Its standard output, if it is piped; it can be taken once.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.stdout.take()
    }

    /// Its standard error, if it is piped; it can be taken once.
    pub fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.stderr.take()
    }

    /// Asks all processes of the group to end (SIGTERM). Does nothing once the child has been
    /// reaped.
    pub fn terminate(&mut self) {
        if self.status.is_none() {
            self.group.terminate();
        }
    }

    /// Kills all processes of the group (SIGKILL). Does nothing once the child has been reaped.
    pub fn kill(&mut self) {
        if self.status.is_none() {
            self.group.kill();
        }
    }

    /// The way to the group for code that does not own the child.
    #[must_use]
    pub fn signals(&self) -> GroupSignals {
        self.signals.clone()
    }

    /// Whether the child has exited; it is not reaped.
    ///
    /// # Errors
    ///
    /// When the system does not know, as where this process ignores SIGCHLD.
    pub fn has_exited(&self) -> io::Result<bool> {
        Ok(self.status.is_some() || exit::has_exited(self.pid)?)
    }

    /// A descriptor to wait for the exit of the child with `poll`: it is readable from then on.
    ///
    /// `None` on systems that have no such thing, which are all but Linux, where no descriptor is
    /// left, and once the child has been reaped: ask [`has_exited`](Self::has_exited) now and then.
    #[must_use]
    pub fn exit_descriptor(&self) -> Option<OwnedFd> {
        match self.status {
            Some(_) => None,
            None => exit::descriptor(self.pid),
        }
    }

    /// Waits until the child has exited; it is not reaped.
    ///
    /// The future may be dropped and another made.
    ///
    /// # Errors
    ///
    /// As [`has_exited`](Self::has_exited).
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with I/O and time; that of a plugin has both.
    pub async fn exited(&self) -> io::Result<()> {
        match self.status {
            Some(_) => Ok(()),
            None => exit::exited(self.pid).await,
        }
    }

    /// Reaps the child and returns how it ended; the same again for each further call.
    ///
    /// Blocks until the child has exited, so an `async` function awaits [`exited`](Self::exited)
    /// first. What is left of the group lives on and is out of reach from then on.
    ///
    /// # Errors
    ///
    /// When the system does not know.
    pub fn reap(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.status {
            return Ok(status);
        }
        let status = self.signals.close_with(|| exit::reap(self.pid))?;
        self.status = Some(status);
        self.guarded = None;
        Ok(status)
    }

    /// How the child ended, where it has; it is not reaped.
    ///
    /// # Errors
    ///
    /// As [`has_exited`](Self::has_exited).
    pub fn status(&self) -> io::Result<Option<ExitStatus>> {
        match self.status {
            Some(status) => Ok(Some(status)),
            None => exit::status(self.pid),
        }
    }

    fn of(pid: Pid, stdout: Option<ChildStdout>, stderr: Option<ChildStderr>) -> Self {
        Self {
            stdin: None,
            stdout,
            stderr,
            status: None,
            pid,
            group: Group::led_by(pid),
            signals: GroupSignals::to(pid),
            guarded: None,
        }
    }
}

impl Drop for GroupChild {
    fn drop(&mut self) {
        if self.status.is_some() {
            return;
        }
        self.kill();
        self.signals.close_with(|| {});
        let (pid, guarded) = (self.pid, self.guarded.take());
        let reap = move || {
            if let Err(err) = exit::reap(pid) {
                warn!("a killed process could not be reaped: {err}");
            }
            drop(guarded);
        };
        match Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(async move {
                    // Where the system does not know, the next call says why.
                    let _ = exit::exited(pid).await;
                    reap();
                });
            }
            Err(_) => reap(),
        }
    }
}
