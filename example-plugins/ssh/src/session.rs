//! A running `ssh`: what it reads, what it writes, its end, its end by force.

use std::future::{Future, pending};
use std::io;
use std::pin::Pin;
use std::process::ExitStatus;
use std::time::Duration;

use solti_plugin_abi::prelude::*;
use solti_plugin_abi::process::{GroupChild, Program, StartError};
use solti_plugin_abi::spawn_cleanup;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tracing::warn;

use crate::output::{Heard, Listener};

/// How long the output of a process that was killed is waited for.
const LAST_OUTPUT: Duration = Duration::from_secs(1);

/// `ssh` and what it has started, the command at its other end, the output on the way to the host.
///
/// Dropping it kills all of them here; the connection ends with that, and the command with the connection.
pub(crate) struct Session(Option<Running>);

struct Running {
    child: GroupChild,
    traffic: Traffic,
    heard: watch::Receiver<Heard>,
    /// Cancelled when the other end is to learn that nobody waits any more.
    leash: CancellationToken,
    /// Cancelled when `ssh` has ended.
    gone: CancellationToken,
}

impl Session {
    /// Starts `client`, and sends its other end `script`.
    ///
    /// # Errors
    ///
    /// Why it could not be started.
    pub(crate) fn start(
        client: &Program,
        script: String,
        listener: Listener,
    ) -> Result<Self, StartError> {
        let (input, stdin) = io::pipe()?;
        let mut child = client.start(Some(input.into()))?.with_strays();
        let pipes = child.take_stdout().zip(child.take_stderr());
        let (stdout, stderr) = pipes.expect("the output of a program is piped");
        let stdin = std::process::ChildStdin::from(std::os::fd::OwnedFd::from(stdin));
        let stdin = ChildStdin::from_std(stdin)?;
        let stdout = ChildStdout::from_std(stdout)?;
        let stderr = ChildStderr::from_std(stderr)?;
        let heard = listener.heard.subscribe();
        let (leash, gone) = (CancellationToken::new(), CancellationToken::new());
        let sent = send(stdin, script, leash.clone());
        let listened = listener.listen(stdout, stderr, gone.clone());
        let traffic = Traffic::Open(Box::pin(async {
            tokio::select! {
                () = listened => {}
                () = sent => {}
            }
        }));
        Ok(Self(Some(Running {
            child,
            traffic,
            heard,
            leash,
            gone,
        })))
    }

    /// Waits for the end of `ssh` and of its output; may be dropped and called again. Where the command has
    /// ended and what it has left behind holds its output, that is read on for `linger`, and `None` is how
    /// `ssh` ended.
    ///
    /// # Errors
    ///
    /// When the system does not tell.
    pub(crate) async fn wait(&mut self, linger: Duration) -> io::Result<Option<ExitStatus>> {
        let running = self.running();
        let held = held(running.heard.clone(), linger);
        let held = tokio::select! {
            biased;
            ended = running.ended() => {
                ended?;
                false
            }
            () = held => true,
        };
        if held {
            warn!(
                "a process in the background on another machine still held the output of a task whose \
                 command had ended; it is left there, and not heard any more"
            );
            running.child.kill();
            running.drain_and_reap().await;
            return Ok(None);
        }
        // What is left of its group is out of reach once it is reaped.
        running.child.kill();
        running.child.reap().map(Some)
    }

    /// What was heard so far.
    pub(crate) fn heard(&mut self) -> watch::Ref<'_, Heard> {
        self.running().heard.borrow_and_update()
    }

    /// Ends the command and `ssh`, and waits until that is reaped. With a grace the command is asked to end
    /// first; what it says meanwhile is passed on.
    pub(crate) async fn stop(&mut self, grace: Duration) {
        let running = self.running();
        running.leash.cancel();
        let has_begun = running.heard.borrow().begun.is_some();
        if has_begun && !grace.is_zero() {
            // Whether it ended in time makes no difference: the connection ends now, and it with that.
            let _ = timeout(grace, running.ended()).await;
        }
        running.child.kill();
        running.drain_and_reap().await;
    }

    fn running(&mut self) -> &mut Running {
        self.0.as_mut().expect("only drop takes it")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(mut running) = self.0.take() else {
            return;
        };
        running.child.kill();
        if Handle::try_current().is_ok() {
            // The plugin's shutdown waits for it.
            spawn_cleanup(async move { running.drain_and_reap().await });
        }
    }
}

impl Running {
    /// Waits until `ssh` has exited and all is passed on; it is not reaped.
    async fn ended(&mut self) -> io::Result<()> {
        tokio::select! {
            biased;
            // Both streams are closed before it exits, by itself.
            () = self.traffic.end() => return self.child.exited().await,
            exited = self.child.exited() => exited?,
        }
        // What it has started, such as a command that connects, has nothing to do any more.
        self.child.kill();
        self.gone.cancel();
        self.traffic.end().await;
        Ok(())
    }

    /// Passes on what came before it was killed, and reaps it.
    async fn drain_and_reap(&mut self) {
        if timeout(LAST_OUTPUT, self.traffic.end()).await.is_err() {
            self.traffic = Traffic::Ended;
        }
        let reaped = match self.child.exited().await {
            Ok(()) => self.child.reap(),
            Err(err) => Err(err),
        };
        if let Err(err) = reaped {
            warn!("an ssh that was killed could not be reaped: {err}");
        }
    }
}

/// Sends the script, and holds the other end's input open until the leash is let go.
async fn send(mut stdin: ChildStdin, script: String, leash: CancellationToken) {
    // Where ssh ends before it has taken all of it, it says why.
    if stdin.write_all(script.as_bytes()).await.is_ok() {
        leash.cancelled().await;
    }
    drop(stdin);
    pending().await
}

/// Waits until the command has ended, and then for `linger`.
async fn held(mut heard: watch::Receiver<Heard>, linger: Duration) {
    if heard.wait_for(|heard| heard.code.is_some()).await.is_err() {
        // The streams have ended, and with them whatever held them.
        pending::<()>().await;
    }
    sleep(linger).await;
}

/// What goes both ways, until the output ends.
enum Traffic {
    Open(Pin<Box<dyn Future<Output = ()> + Send>>),
    Ended,
}

impl Traffic {
    /// Waits for the end; may be dropped and called again.
    async fn end(&mut self) {
        if let Self::Open(going) = self {
            going.await;
            *self = Self::Ended;
        }
    }
}
