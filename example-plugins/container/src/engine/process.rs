//! A process of the engine's program, which does not outlive its owner.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::process::ExitStatus;
use std::time::Duration;

use solti_plugin_abi::process::{GroupChild, Program, StartError};
use tokio::process::{ChildStderr, ChildStdout};
use tokio::time::{Instant, timeout, timeout_at};

/// How long the output of a process that has exited is waited for, and again when all it has left
/// was killed. Its own is in the pipe by then; what it has started may still have a last line.
const LAST_OUTPUT: Duration = Duration::from_millis(500);

/// A running process of the engine's program, and what it has started: an engine may be a script.
///
/// Its end, as well as dropping it, kills all of them. A container is not among them: that is a
/// child of the engine's monitor, which has a session of its own, or of its daemon.
#[derive(Debug)]
pub(crate) struct Process {
    child: GroupChild,
    /// Until it is taken.
    output: Option<(ChildStdout, ChildStderr)>,
    /// When it was first seen to have exited.
    exited: Option<Instant>,
}

impl Process {
    /// Starts a command.
    ///
    /// # Errors
    ///
    /// What is wrong, and whether that may pass.
    pub(super) fn start(command: &Program) -> Result<Self, StartError> {
        let mut child = command.start(None)?;
        let pipes = child.take_stdout().zip(child.take_stderr());
        let (stdout, stderr) = pipes.expect("the output of a program is piped");
        let output = (
            ChildStdout::from_std(stdout)?,
            ChildStderr::from_std(stderr)?,
        );
        Ok(Self {
            child,
            output: Some(output),
            exited: None,
        })
    }

    /// Its standard output and standard error, which can be taken once.
    pub(crate) fn take_output(&mut self) -> (ChildStdout, ChildStderr) {
        self.output.take().expect("it is taken once")
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
        {
            let mut exited = pin!(self.child.exited());
            loop {
                tokio::select! {
                    exited = &mut exited => break exited?,
                    () = &mut output, if is_open => is_open = false,
                }
            }
        }
        let exited = *self.exited.get_or_insert_with(Instant::now);
        is_open = is_open && timeout_at(exited + LAST_OUTPUT, &mut output).await.is_err();
        self.child.kill();
        if is_open {
            let _ = timeout(LAST_OUTPUT, output).await;
        }
        self.child.reap()
    }

    /// Whether it was seen to have exited; its output may still be open.
    pub(crate) fn has_exited(&self) -> bool {
        self.exited.is_some()
    }

    /// Kills it and what it has started.
    pub(crate) fn kill(&mut self) {
        self.child.kill();
    }
}
