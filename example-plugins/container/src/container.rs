//! A container from its start to its removal.

mod named;
mod output;

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

pub(crate) use named::Named;
use output::Output;
use solti_plugin_abi::prelude::*;
use solti_plugin_abi::spawn_cleanup;
use tokio::time::{Instant, sleep, timeout};
use tracing::warn;

use crate::engine::{Process, message};
use crate::fault::Fault;

/// How long `engine run` may take to end once the container was stopped. If it takes longer, the
/// container was there but not started, and is asked again when it has been.
const DETACH_TIME: Duration = Duration::from_millis(500);

/// How long to wait before a container that is not there yet is asked again.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// How long an engine may take, beyond the grace, to make a container that is to stop already.
const CREATION_TIME: Duration = Duration::from_secs(5);

/// A container, and `engine run`, which is attached to it.
///
/// It is removed in every case: by [`remove`](Self::remove), or in the background when it is
/// dropped. That is work of its own, which goes on when the future that waits for it is dropped,
/// and which the plugin's shutdown waits for.
pub(crate) struct Container(Option<Attached>);

impl Container {
    /// Takes over `run`, which makes the container `named` and attaches to it.
    pub(crate) fn new(
        named: Named,
        mut run: Process,
        stdout: LineWriter,
        stderr: LineWriter,
        grace: Duration,
    ) -> Self {
        let output = Output::of(&mut run, stdout, stderr);
        Self(Some(Attached {
            named,
            run,
            output,
            grace,
            ended: false,
        }))
    }

    /// Waits for the container's end; may be dropped and called again.
    ///
    /// # Errors
    ///
    /// Every end but an exit with code 0.
    pub(crate) async fn end(&mut self) -> Result<(), Fault> {
        let attached = self.0.as_mut().expect("only remove and drop take it");
        let status = attached.exit().await.map_err(|err| Fault::EngineLost {
            reason: err.to_string(),
        })?;
        verdict(status, &attached.named, attached.output.stderr_tail()).await
    }

    /// Removes the container. One that has not ended is stopped first, and what it wrote until then
    /// is passed on.
    pub(crate) async fn remove(mut self) {
        if let Some(attached) = self.0.take() {
            // An error would be a panic, which has been reported.
            let _ = spawn_cleanup(attached.remove()).await;
        }
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if let Some(attached) = self.0.take() {
            spawn_cleanup(attached.remove());
        }
    }
}

struct Attached {
    named: Named,
    run: Process,
    output: Output,
    grace: Duration,
    /// Whether `engine run` has ended by itself, and with it the container.
    ended: bool,
}

impl Attached {
    /// Waits for the end of `engine run` and passes on all output until then; may be dropped and
    /// called again.
    async fn exit(&mut self) -> io::Result<ExitStatus> {
        let status = self.run.end(self.output.end()).await?;
        // A signal ends the engine's process, not the container.
        self.ended = status.code().is_some();
        Ok(status)
    }

    async fn remove(mut self) {
        let killed = !self.ended && !self.stop().await;
        self.named.remove().await;
        if killed {
            // The engine's daemon may have been about to make the container when the process that
            // had asked for it was killed.
            sleep(RETRY_PAUSE).await;
            self.named.remove().await;
        }
    }

    /// Stops the container; `false` if that failed and `engine run` had to be killed.
    async fn stop(&mut self) -> bool {
        let deadline = Instant::now() + self.grace + CREATION_TIME;
        let fault = loop {
            let stopped = self.named.stop(self.grace).await;
            let patience = if stopped.is_ok() {
                DETACH_TIME
            } else {
                RETRY_PAUSE
            };
            if timeout(patience, self.exit()).await.is_ok() {
                return true;
            }
            if self.run.has_exited() {
                // Something keeps its output open, which has a limit of its own.
                let _ = self.exit().await;
                return true;
            }
            match stopped {
                Err(fault @ Fault::Hung { .. }) => break Some(fault),
                stopped if Instant::now() >= deadline => break stopped.err(),
                _ => {}
            }
        };
        if let Some(fault) = &fault {
            warn!("a container could not be stopped: {fault}");
        }
        // An engine that hangs is asked no more than it has to be: the removal kills too.
        if !matches!(fault, Some(Fault::Hung { .. })) {
            let _ = self.named.kill().await;
        }
        self.run.kill();
        let _ = self.exit().await;
        false
    }
}

/// What an exit status of `engine run` means.
///
/// An engine reports its own failures as 125 to 127, which a container may also exit with. One that
/// did has been started; after a failure of the engine's it has not, or is not there.
async fn verdict(status: ExitStatus, container: &Named, stderr: String) -> Result<(), Fault> {
    let code = match status.code() {
        Some(0) => return Ok(()),
        Some(code) => code,
        None => {
            return Err(Fault::EngineKilled {
                status: status.to_string(),
            });
        }
    };
    if !(125..=127).contains(&code) || container.was_started().await == Some(true) {
        return Err(Fault::Exit(code));
    }
    let message = message(&stderr, status);
    Err(match code {
        126 => Fault::NotExecutable { message },
        127 => Fault::CommandNotFound { message },
        _ => Fault::NotStarted { message },
    })
}
