//! A process of the engine's program, which does not outlive its owner.

use std::io;
use std::process::ExitStatus;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::runtime::Handle;
use tracing::warn;

/// A running process in a group of its own: a key pressed in the host's terminal does not reach it,
/// and an engine that is a script goes with what it has started.
///
/// Dropping it kills the group. A container is not in it: that is a child of the engine's monitor or
/// daemon.
#[derive(Debug)]
pub(crate) struct Process(Option<Child>);

impl Process {
    /// Starts a command, whose output must be piped.
    ///
    /// # Errors
    ///
    /// The system's.
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        command
            .process_group(0)
            .spawn()
            .map(|child| Self(Some(child)))
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

    /// Waits for its end; may be dropped and called again.
    ///
    /// # Errors
    ///
    /// When the system does not tell.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child().wait().await
    }

    /// Kills it and what it has started.
    pub(crate) fn kill(&mut self) {
        kill(self.child());
    }

    fn child(&mut self) -> &mut Child {
        self.0.as_mut().expect("only drop takes it")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let Some(mut child) = self.0.take() else {
            return;
        };
        if child.id().is_none() {
            return; // It has been reaped.
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

/// Kills the group of a child. Once it has been reaped its number may be a stranger's, and it has
/// none here.
fn kill(child: &Child) {
    if let Some(leader) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
        // A failure means that nobody is left, or that the engine has made itself another user.
        let _ = kill_process_group(leader, Signal::KILL);
    }
}
