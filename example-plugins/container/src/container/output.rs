//! The output of a container on its way to a sink.

use std::future::Future;
use std::pin::Pin;

use solti_plugin_abi::prelude::*;
use tokio::io::{AsyncRead, AsyncReadExt};
use tracing::warn;

use crate::engine::Process;

/// How much of standard error is kept for an error's text, in bytes.
const TAIL_BYTES: usize = 4096;

/// Both streams of `engine run` until their end.
pub(super) enum Output {
    /// Being passed on.
    Open(Pin<Box<dyn Future<Output = Vec<u8>> + Send>>),
    /// The end of standard error, where an engine says what went wrong.
    Ended(Vec<u8>),
}

impl Output {
    /// Takes the output of a process.
    pub(super) fn of(run: &mut Process, stdout: LineWriter, stderr: LineWriter) -> Self {
        let (stdout_pipe, stderr_pipe) = run.take_output();
        Self::Open(Box::pin(async {
            let copies = tokio::join!(copy(stdout, stdout_pipe), copy(stderr, stderr_pipe));
            copies.1
        }))
    }

    /// Waits for the end; may be dropped and called again.
    pub(super) async fn end(&mut self) {
        if let Self::Open(copying) = self {
            *self = Self::Ended(copying.await);
        }
    }

    /// The last that came on standard error.
    pub(super) fn stderr_tail(&self) -> String {
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
                let pressure = lines.write(bytes);
                tail.extend_from_slice(&bytes[count.saturating_sub(TAIL_BYTES)..]);
                tail.drain(..tail.len().saturating_sub(TAIL_BYTES));
                if pressure.is_wait() {
                    // The engine waits in its pipe meanwhile.
                    lines.sink().ready().await;
                }
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
