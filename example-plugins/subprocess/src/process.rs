//! A running process: its output, its end, its end by force.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use solti_plugin_abi::prelude::*;
use solti_plugin_abi::process::GroupChild;
use solti_plugin_abi::spawn_cleanup;
use tokio::io::AsyncRead;
use tokio::process::{ChildStderr, ChildStdout};
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout, timeout_at};
use tracing::warn;

/// How long the output of killed processes is waited for. All of it is in the pipe by then; only a
/// process that could not be reached keeps the pipe open longer.
const LAST_OUTPUT: Duration = Duration::from_secs(1);

/// How long a process runs before its end is watched for.
const BEFORE_WATCHING: Duration = Duration::from_millis(250);

/// A process, all it has started, and its output on the way to a sink.
///
/// Dropping it before its end kills all of them, and what they have written by then is passed on.
pub(crate) struct Process(Option<Running>);

/// How an attempt's process ended.
#[derive(Debug)]
pub(crate) enum End {
    /// So, and its output with it.
    Ended(ExitStatus),
    /// So, and its output was held until there was no more time.
    Held(ExitStatus),
}

/// How long the output of a process that has ended is waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Patience {
    For(Duration),
    Until(Instant),
    ForEver,
}

struct Running {
    child: GroupChild,
    output: Output,
}

impl Process {
    /// Takes over a child whose output is piped.
    ///
    /// # Errors
    ///
    /// When the runtime cannot watch the pipes. The child is killed then.
    pub(crate) fn new(
        mut child: GroupChild,
        sink: &OutputSink,
        max_line_bytes: usize,
    ) -> io::Result<Self> {
        let lines =
            |stream| LineWriter::new(sink.clone(), stream).with_max_line_bytes(max_line_bytes);
        let stdout = child.take_stdout().map(ChildStdout::from_std).transpose()?;
        let stderr = child.take_stderr().map(ChildStderr::from_std).transpose()?;
        let stdout = copy(lines(StreamKind::Stdout), stdout);
        let stderr = copy(lines(StreamKind::Stderr), stderr);
        let output = Output::Open(Box::pin(async {
            tokio::join!(stdout, stderr);
        }));
        Ok(Self(Some(Running { child, output })))
    }

    /// Waits for the end of the process and of its output, which ends when the last process that can
    /// write to it does. When its own process has ended, the output is waited for with `patience`; what
    /// holds it longer is killed.
    ///
    /// # Errors
    ///
    /// When the system does not tell the exit status.
    pub(crate) async fn wait(&mut self, patience: Patience) -> io::Result<End> {
        let running = self.running();
        let status = tokio::select! {
            biased;
            () = running.output.end() => {
                running.child.exited().await?;
                return running.child.reap().map(End::Ended);
            }
            status = exited_before_its_output(&running.child) => status?,
        };
        let held = match patience {
            Patience::ForEver => {
                running.output.end().await;
                false
            }
            Patience::For(time) => timeout(time, running.output.end()).await.is_err(),
            Patience::Until(end) => timeout_at(end.into(), running.output.end()).await.is_err(),
        };
        if !held {
            return running.child.reap().map(End::Ended);
        }
        warn!(
            "a process in the background still held the output of a task whose own process had ended \
             ({status}); it was killed"
        );
        running.child.kill();
        if let Patience::Until(_) = patience {
            // There is no time left: the rest of the output is read in the background.
            return Ok(End::Held(status));
        }
        running.drain_and_reap().await;
        Ok(End::Ended(status))
    }

    /// Ends all processes, waits until the child is reaped, and tells how it ended.
    ///
    /// With a grace they are asked to end first, and killed when it is over.
    pub(crate) async fn stop(&mut self, grace: Duration) -> Option<ExitStatus> {
        let running = self.running();
        if !grace.is_zero() {
            running.child.terminate();
            // Whether they ended in time makes no difference: what is left is killed now.
            let _ = timeout(grace, running.ended()).await;
        }
        running.child.kill();
        running.drain_and_reap().await
    }

    fn running(&mut self) -> &mut Running {
        self.0.as_mut().expect("only drop takes it")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let Some(mut running) = self.0.take() else {
            return;
        };
        running.child.kill();
        // Its last lines may say why it took too long.
        if Handle::try_current().is_ok() {
            // The plugin's shutdown waits for it.
            spawn_cleanup(async move {
                running.drain_and_reap().await;
            });
        }
    }
}

impl Running {
    /// Waits for the end of the output and for the exit of the child, which is not reaped.
    async fn ended(&mut self) -> io::Result<()> {
        self.output.end().await;
        self.child.exited().await
    }

    /// Passes on what killed processes have written and reaps the child.
    async fn drain_and_reap(&mut self) -> Option<ExitStatus> {
        if timeout(LAST_OUTPUT, self.output.end()).await.is_err() {
            self.output = Output::Ended;
        }
        let reaped = match self.child.exited().await {
            Ok(()) => self.child.reap(),
            Err(err) => Err(err),
        };
        reaped
            .inspect_err(|err| warn!("a killed process could not be reaped: {err}"))
            .ok()
    }
}

/// Waits until the process has ended while others hold its output.
///
/// Most have ended as soon as their output has, and are never watched: that takes a descriptor each.
async fn exited_before_its_output(child: &GroupChild) -> io::Result<ExitStatus> {
    sleep(BEFORE_WATCHING).await;
    child.exited().await?;
    let status = child.status()?;
    status.ok_or_else(|| io::Error::other("the system does not know how it ended"))
}

/// Both streams of a process until their end.
enum Output {
    Open(Pin<Box<dyn Future<Output = ()> + Send>>),
    Ended,
}

impl Output {
    /// Waits for the end; may be dropped and called again.
    async fn end(&mut self) {
        if let Self::Open(copying) = self {
            copying.await;
            *self = Self::Ended;
        }
    }
}

async fn copy(lines: LineWriter, pipe: Option<impl AsyncRead + Unpin>) {
    if let Some(pipe) = pipe
        && let Err(err) = lines.copy_from(pipe).await
    {
        warn!("the output of a process could not be read to its end: {err}");
    }
}
