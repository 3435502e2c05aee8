//! A process of the engine's program, which does not outlive its owner.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::warn;

/// How long the output of a process that has exited is waited for, and again when all it has left
/// was killed. Its own is in the pipe by then; what it has started may still have a last line.
const LAST_OUTPUT: Duration = Duration::from_millis(500);

/// How often a process is looked at that still has its output open: most exit when they close it.
const OPEN_POLL: Duration = Duration::from_millis(100);

/// How soon it is looked at when it has closed it; every further time takes twice as long.
const CLOSED_POLL: Duration = Duration::from_millis(1);

/// A running process in a group of its own: a key pressed in the host's terminal does not reach it,
/// and an engine that is a script goes with what it has started.
///
/// Its end, as well as dropping it, kills the group. A container is not in it: that is a child of
/// the engine's monitor, which has a session of its own, or of its daemon. The process is reaped
/// after that: until then its number, which is the group's too, cannot become that of a stranger.
#[derive(Debug)]
pub(crate) struct Process {
    /// Only drop takes it.
    child: Option<Child>,
    /// When it was first seen to have exited.
    exited: Option<Instant>,
}

impl Process {
    /// Starts a command, whose output must be piped.
    ///
    /// # Errors
    ///
    /// The system's.
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        let child = command.process_group(0).spawn()?;
        Ok(Self {
            child: Some(child),
            exited: None,
        })
    }

    /// Its output, which can be taken once.
    pub(crate) fn take_output(&mut self) -> (ChildStdout, ChildStderr) {
        let child = self.child();
        let stdout = child.stdout.take();
        let stderr = child.stderr.take();
        stdout
            .zip(stderr)
            .expect("the engine's commands have their output piped, and it is taken once")
    }

    /// Waits for its end while `output` reads what it writes, and kills what it leaves behind; may
    /// be dropped and called again.
    ///
    /// `output` is dropped where something outside of the group keeps the pipes open.
    ///
    /// # Errors
    ///
    /// When the system does not tell.
    pub(crate) async fn end(&mut self, output: impl Future<Output = ()>) -> io::Result<ExitStatus> {
        let mut output = pin!(output);
        let mut is_open = true;
        let mut pause = OPEN_POLL;
        while runs(self.child())? {
            tokio::select! {
                () = &mut output, if is_open => {
                    is_open = false;
                    pause = CLOSED_POLL;
                }
                () = sleep(pause) => pause = (pause * 2).min(OPEN_POLL),
            }
        }
        let exited = *self.exited.get_or_insert_with(Instant::now);
        is_open = is_open && timeout_at(exited + LAST_OUTPUT, &mut output).await.is_err();
        self.kill();
        if is_open {
            let _ = timeout(LAST_OUTPUT, output).await;
        }
        self.child().wait().await
    }

    /// Whether it was seen to have exited; its output may still be open.
    pub(crate) fn has_exited(&self) -> bool {
        self.exited.is_some()
    }

    /// Kills it and what it has started.
    pub(crate) fn kill(&mut self) {
        kill(self.child());
    }

    fn child(&mut self) -> &mut Child {
        self.child.as_mut().expect("only drop takes it")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        if child.id().is_none() {
            return; // It has been reaped, and its group was killed before.
        }
        kill(&child);
        // Awaited by us: tokio promises no more than to try.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                if let Err(err) = child.wait().await {
                    warn!("a process of the container engine could not be reaped: {err}");
                }
            });
        }
    }
}

/// Whether a child has not exited. One that has is not reaped by that.
fn runs(child: &Child) -> io::Result<bool> {
    let Some(pid) = pid(child) else {
        return Ok(false);
    };
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    Ok(waitid(WaitId::Pid(pid), look)?.is_none())
}

/// Kills the group of a child. Once it has been reaped its number may be a stranger's, and it has
/// none here.
fn kill(child: &Child) {
    if let Some(leader) = pid(child) {
        // A failure means that nobody is left, or that the engine has made itself another user.
        let _ = kill_process_group(leader, Signal::KILL);
    }
}

/// The number of a child that has not been reaped.
fn pid(child: &Child) -> Option<Pid> {
    Pid::from_raw(child.id()?.cast_signed())
}
