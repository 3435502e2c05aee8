//! A container from its start to its removal.

use std::future::Future;
use std::pin::Pin;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use solti_plugin_abi::prelude::*;
use solti_plugin_abi::spawn_cleanup;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{ChildStderr, ChildStdout};
use tokio::time::{Instant, sleep, timeout};
use tracing::warn;

use crate::engine::{Engine, Process, said};
use crate::fault::Fault;

/// How long the output of an engine that has ended is waited for. All of it is in the pipe by then.
const LAST_OUTPUT: Duration = Duration::from_secs(1);

/// How long a container may take to be over once the engine has said that it stopped it. It was
/// created and not started if it takes longer, and is asked again when it has been.
const STOPPED: Duration = Duration::from_millis(500);

/// How long to wait for a container that is not there yet.
const NOT_YET: Duration = Duration::from_millis(100);

/// How much of the engine's standard error is kept for an error's text, in bytes.
const TAIL_BYTES: usize = 4096;

/// A container, and `engine run`, which is attached to it.
///
/// It is removed in every case: at the end of [`finish`](Self::finish) and [`stop`](Self::stop), or
/// in the background when it is dropped. All of that is work of its own, which goes on when the
/// future that waits for it is dropped, and which the plugin's shutdown waits for.
pub(crate) struct Container(Option<Attached>);

struct Attached {
    engine: Arc<Engine>,
    name: String,
    run: Process,
    output: Output,
    grace: Duration,
    /// Whether `engine run` has ended by itself, and with it the container.
    ended: bool,
}

impl Container {
    /// Takes over `run`, which makes the container `name`.
    pub(crate) fn new(
        engine: Arc<Engine>,
        name: String,
        mut run: Process,
        stdout: LineWriter,
        stderr: LineWriter,
        grace: Duration,
    ) -> Self {
        let (stdout_pipe, stderr_pipe) = run.take_output();
        Self(Some(Attached {
            engine,
            name,
            run,
            output: Output::of(stdout, stdout_pipe, stderr, stderr_pipe),
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
        let attached = self.attached();
        let status = attached.exit().await.map_err(|err| Fault::EngineKilled {
            status: err.to_string(),
        })?;
        attached.verdict(status).await
    }

    /// Removes a container that has ended.
    pub(crate) async fn finish(self) {
        self.stop().await;
    }

    /// Stops and removes the container, and passes on what it wrote until then.
    pub(crate) async fn stop(mut self) {
        if let Some(attached) = self.0.take() {
            // An error would be a panic, which has been reported.
            let _ = spawn_cleanup(attached.remove()).await;
        }
    }

    fn attached(&mut self) -> &mut Attached {
        self.0.as_mut().expect("only stop and drop take it")
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if let Some(attached) = self.0.take() {
            spawn_cleanup(attached.remove());
        }
    }
}

impl Attached {
    /// Waits for the end of `engine run` and passes on all output until then.
    async fn exit(&mut self) -> std::io::Result<ExitStatus> {
        let status = loop {
            tokio::select! {
                status = self.run.wait() => break status?,
                () = self.output.end(), if self.output.is_open() => {}
            }
        };
        let _ = timeout(LAST_OUTPUT, self.output.end()).await;
        // A signal ends the engine's process, not the container.
        self.ended = status.code().is_some();
        Ok(status)
    }

    /// What an exit status of `engine run` means.
    ///
    /// An engine reports its own failures as 125 to 127, which a container may also exit with. A
    /// container that exited was started; one that was not is in the state `created`, or not there.
    async fn verdict(&self, status: ExitStatus) -> Result<(), Fault> {
        let code = match status.code() {
            Some(0) => return Ok(()),
            Some(code) => code,
            None => {
                return Err(Fault::EngineKilled {
                    status: status.to_string(),
                });
            }
        };
        if !(125..=127).contains(&code) || self.state().await.is_some_and(|state| state != "created")
        {
            return Err(Fault::Exit(code));
        }
        let said = said(&self.output.stderr_tail(), status);
        Err(match code {
            126 => Fault::NotExecutable { said },
            127 => Fault::CommandNotFound { said },
            _ => Fault::NotStarted { said },
        })
    }

    /// The engine's word for the container's state; `None` when it is not there.
    async fn state(&self) -> Option<String> {
        let format = ["--type", "container", "--format", "{{.State.Status}}"];
        let args = [&["inspect"], &format[..], &[self.name.as_str()]].concat();
        let state = self.engine.call(&args).await.ok()?;
        Some(state.trim().to_owned())
    }

    /// Stops the container if it may run, and removes it.
    async fn remove(mut self) {
        let was_killed = !self.ended && !self.stop().await;
        self.force_removal().await;
        if was_killed {
            // The engine's daemon may have been about to create the container when the process that
            // had asked for it was killed.
            sleep(NOT_YET).await;
            self.force_removal().await;
        }
    }

    /// Stops the container; `false` if that failed, and `engine run` had to be killed.
    async fn stop(&mut self) -> bool {
        let engine = Arc::clone(&self.engine);
        let seconds = self.grace.as_secs().to_string();
        let name = self.name.clone();
        let deadline = Instant::now() + self.grace + STOPPED;
        loop {
            let stop = ["stop", "-t", &seconds, &name];
            let stopped = engine.call_taking(self.grace, &stop).await;
            let patience = if stopped.is_ok() { STOPPED } else { NOT_YET };
            if timeout(patience, self.exit()).await.is_ok() {
                return true;
            }
            if matches!(stopped, Err(Fault::Hung { .. })) || Instant::now() >= deadline {
                if let Err(fault) = stopped {
                    warn!(container = %name, "could not be stopped: {fault}");
                }
                break;
            }
        }
        // Nothing more to be done about a failure: the removal comes next.
        let _ = engine.call(&["kill", &name]).await;
        self.run.kill();
        let _ = self.exit().await;
        false
    }

    async fn force_removal(&self) {
        let rm = ["rm", "--force", "--volumes", &self.name];
        match self.engine.call(&rm).await {
            Ok(_) => {}
            Err(Fault::Refused { said, .. }) if is_unknown(&said) => {}
            Err(fault) => {
                warn!(container = %self.name, "could not be removed: {fault}");
            }
        }
    }
}

/// Whether an engine says that there is no such container, which some of them call a failure.
fn is_unknown(said: &str) -> bool {
    said.to_ascii_lowercase().contains("no such container")
}

/// Both streams until their end.
enum Output {
    Open(Pin<Box<dyn Future<Output = Vec<u8>> + Send>>),
    /// The end of standard error, for an error's text.
    Ended(Vec<u8>),
}

impl Output {
    fn of(
        stdout: LineWriter,
        stdout_pipe: ChildStdout,
        stderr: LineWriter,
        stderr_pipe: ChildStderr,
    ) -> Self {
        Self::Open(Box::pin(async {
            let copies = tokio::join!(copy(stdout, stdout_pipe), copy(stderr, stderr_pipe));
            copies.1
        }))
    }

    fn is_open(&self) -> bool {
        matches!(self, Self::Open(_))
    }

    /// Waits for the end; may be dropped and called again.
    async fn end(&mut self) {
        if let Self::Open(copying) = self {
            *self = Self::Ended(copying.await);
        }
    }

    fn stderr_tail(&self) -> String {
        match self {
            Self::Open(_) => String::new(),
            Self::Ended(tail) => String::from_utf8_lossy(tail).into_owned(),
        }
    }
}

/// Passes lines on and returns the last bytes of them.
async fn copy(mut lines: LineWriter, mut pipe: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut tail = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match pipe.read(&mut buffer).await {
            Ok(0) => break,
            Ok(count) => {
                let bytes = &buffer[..count];
                lines.write(bytes);
                tail.extend_from_slice(&bytes[count.saturating_sub(TAIL_BYTES)..]);
                tail.drain(..tail.len().saturating_sub(TAIL_BYTES));
            }
            Err(err) => {
                warn!("the output of a container could not be read to its end: {err}");
                break;
            }
        }
    }
    lines.finish();
    tail
}
