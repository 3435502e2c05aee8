//! One attempt, to its end.

use std::io::{PipeWriter, Write as _};
use std::os::fd::OwnedFd;
use std::time::Duration;

use serde_json::{Map, Value};
use taskvisor::{TaskError, TaskRef};
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use super::listen::Ear;
use super::ran::AttemptEnd;
use crate::sdk::payload_text;
use crate::spawn::Spawn;

/// What an attempt that is dropped has for its destructors.
const TO_BE_DROPPED: Duration = Duration::from_secs(5);

/// What an attempt is made of.
pub(super) struct Attempt<'a> {
    pub(super) number: u32,
    pub(super) limit: Duration,
    pub(super) grace: Duration,
    pub(super) context: Map<String, Value>,
    pub(super) stdin: Option<Vec<u8>>,
    /// Cancelled when the task is to end.
    pub(super) stop: &'a CancellationToken,
    pub(super) ear: &'a Ear,
}

impl Attempt<'_> {
    /// Makes the attempt, to its end.
    pub(super) async fn make(self, task: &TaskRef) -> AttemptEnd {
        // On the clock of the runtime, which a test may have stopped.
        let deadline = Instant::now() + self.limit;
        let mut spawn = Spawn::new(self.number)
            .with_deadline(deadline.into_std())
            .with_context(self.context);
        if let Some(bytes) = self.stdin {
            spawn = spawn.with_stdin(with_content(bytes));
        }
        let token = self.stop.child_token();
        let begun = self.ear.hear(|| spawn.begin(task, token));
        // A task of its own: one that never awaits leaves the test its deadline.
        let mut running = Running::new(tokio::spawn(self.ear.on(begun.future)));
        let result = tokio::select! {
            biased;
            result = running.end() => result,
            () = self.stop.cancelled() => match timeout(self.grace, running.end()).await {
                Ok(result) => result,
                Err(_) => Err(Failure::Abandoned { grace: self.grace }),
            },
            () = sleep_until(deadline) => Err(Failure::TimedOut { after: self.limit }),
        };
        running.drop_within(TO_BE_DROPPED).await;
        AttemptEnd {
            number: self.number,
            result,
            outcome: begun.control.outcome(),
        }
    }
}

/// The future of an attempt, which is dropped with this.
struct Running {
    handle: JoinHandle<Result<(), TaskError>>,
    abort: AbortHandle,
    has_ended: bool,
}

impl Running {
    fn new(handle: JoinHandle<Result<(), TaskError>>) -> Self {
        Self {
            abort: handle.abort_handle(),
            handle,
            has_ended: false,
        }
    }

    async fn end(&mut self) -> Result<(), Failure> {
        let joined = (&mut self.handle).await;
        self.has_ended = true;
        match joined {
            Ok(result) => result.map_err(Failure::from),
            Err(err) => match err.try_into_panic() {
                Ok(panic) => Err(Failure::Fatal {
                    reason: format!("panicked: {}", payload_text(&*panic)),
                    exit_code: None,
                }),
                // Only the end of the runtime cancels it otherwise.
                Err(_) => Err(Failure::Canceled),
            },
        }
    }

    /// Drops the future and waits for that, so that what its destructors do is seen.
    async fn drop_within(mut self, limit: Duration) {
        if !self.has_ended {
            self.abort.abort();
            let _ = timeout(limit, &mut self.handle).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.abort.abort();
    }
}

/// A descriptor that these bytes, and then an end, are read from.
fn with_content(bytes: Vec<u8>) -> OwnedFd {
    let (reader, writer) = std::io::pipe().expect("a test has a descriptor left");
    let write = move |mut writer: PipeWriter| {
        // A reader that has had enough closes its end.
        let _ = writer.write_all(&bytes);
    };
    // A pipe takes 64 KiB, and who reads may come late.
    std::thread::spawn(move || write(writer));
    reader.into()
}
