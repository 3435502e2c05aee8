//! One step of a round: a process, in a group of its own, of which nothing is left when it is cut off.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use solti_plugin_host::probe::own_program;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::interrupts::{Interrupt, Interrupts};

/// What `run` gets to cancel its tasks, which have five seconds, and to end.
const TO_CANCEL: Duration = Duration::from_secs(8);

/// How a process is ended that is not to go on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cut {
    /// At once, with whatever it has started: cargo does over what was not finished.
    AtOnce,
    /// It is told to, and ends what it has started.
    Told,
}

/// A process that is waited for.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    cut: Cut,
}

/// How a process ended.
#[derive(Debug)]
pub(super) enum Ended {
    Itself(ExitStatus),
    Interrupted(Interrupt),
}

impl Ended {
    /// The code that it ended with, where it was not cut off.
    pub(super) fn code(self) -> Result<i32, Interrupt> {
        match self {
            // One that a signal has ended did not succeed.
            Self::Itself(status) => Ok(status.code().unwrap_or(1)),
            Self::Interrupted(interrupt) => Err(interrupt),
        }
    }
}

impl Process {
    /// Starts it. Ctrl-C in the terminal is not for it, but for this program, which ends it.
    pub(super) fn start(mut command: Command, cut: Cut) -> std::io::Result<Self> {
        command.process_group(0).stdin(Stdio::null());
        let child = command.kill_on_drop(true).spawn()?;
        Ok(Self { child, cut })
    }

    /// Its standard output, where that is a pipe.
    pub(super) fn stdout(&mut self) -> Option<tokio::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// Waits until it has ended, or ends it when there is an interrupt.
    pub(super) async fn end(mut self, interrupts: &mut Interrupts) -> std::io::Result<Ended> {
        tokio::select! {
            ended = self.child.wait() => Ok(Ended::Itself(ended?)),
            why = interrupts.next() => {
                self.cut_off(interrupts).await;
                Ok(Ended::Interrupted(why))
            }
        }
    }

    async fn cut_off(&mut self, interrupts: &mut Interrupts) {
        // None where it has ended and been waited for: then the number may be another's.
        let Some(pid) = self.number() else { return };
        if let Cut::Told = self.cut {
            // One that has ended meanwhile is not there to be told.
            kill_process(pid, Signal::TERM).ok();
            let wait = timeout(TO_CANCEL, self.child.wait());
            tokio::select! {
                _ = wait => {}
                // Again: that ends a run at once.
                _ = interrupts.signal() => {
                    kill_process(pid, Signal::TERM).ok();
                }
            }
            if timeout(Duration::from_secs(1), self.child.wait())
                .await
                .is_ok()
            {
                return;
            }
        }
        kill_process_group(pid, Signal::KILL).ok();
        self.child.wait().await.ok();
    }

    fn number(&self) -> Option<Pid> {
        Pid::from_raw(self.child.id()?.cast_signed())
    }
}

/// This program, once more: the file that runs, even when another has been put in its place.
pub(super) fn this_program() -> std::io::Result<Command> {
    let mut command = Command::new(own_program()?);
    command.arg0("solti-host");
    Ok(command)
}
