//! Both streams of `ssh` on their way to the host, and what is heard in them.

use std::time::{Duration, Instant};

use solti_plugin_abi::Pressure;
use solti_plugin_abi::prelude::*;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::warn;

use crate::marks::{Marks, Said};

/// How much of standard error is kept, in bytes: where a host key has changed, ssh says a lot.
const TAIL_BYTES: usize = 8 * 1024;

/// How long a stream may say nothing once `ssh` has ended: what it wrote is in the pipe by then, and only
/// what it has left behind could hold that open.
const SILENCE: Duration = Duration::from_millis(500);

/// What was heard so far.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// When the command began.
    pub(crate) begun: Option<Instant>,
    /// Its exit code.
    pub(crate) code: Option<i32>,
    /// The last of standard error: what ssh said, or since the beginning the command as well.
    pub(crate) tail: Vec<u8>,
}

impl Heard {
    fn text(&mut self, bytes: &[u8]) {
        self.tail
            .extend_from_slice(&bytes[bytes.len().saturating_sub(TAIL_BYTES)..]);
        self.tail
            .drain(..self.tail.len().saturating_sub(TAIL_BYTES));
    }

    fn said(&mut self, said: Said, host: &str) {
        match said {
            Said::Begun { leads } => {
                self.begun = Some(Instant::now());
                self.tail.clear();
                if !leads {
                    warn!(
                        "the server of {host} starts no process group for a command: what a cancelled \
                         task has started there may go on"
                    );
                }
            }
            Said::Ended(code) => self.code = Some(code),
        }
    }
}

/// Where the lines of an attempt go, and what of them is for the attempt itself.
pub(crate) struct Listener {
    pub(crate) stdout: LineWriter,
    pub(crate) stderr: LineWriter,
    pub(crate) marks: Marks,
    pub(crate) host: String,
    pub(crate) heard: watch::Sender<Heard>,
}

impl Listener {
    /// Passes both streams on until their end; `gone` is cancelled when `ssh` has ended.
    pub(crate) async fn listen(
        self,
        stdout: impl AsyncRead + Unpin,
        stderr: impl AsyncRead + Unpin,
        gone: CancellationToken,
    ) {
        let Self {
            marks, host, heard, ..
        } = self;
        let errors = async {
            let (mut lines, mut marks) = (self.stderr, marks);
            pass(stderr, &gone, lines.sink().clone(), |bytes| {
                let mut pressure = Pressure::None;
                marks.feed(
                    bytes,
                    |text| {
                        heard.send_if_modified(|heard| {
                            heard.text(text);
                            false
                        });
                        pressure = lines.write(text);
                    },
                    |said| heard.send_modify(|heard| heard.said(said, &host)),
                );
                pressure
            })
            .await;
            let rest = marks.finish();
            heard.send_modify(|heard| heard.text(&rest));
            lines.write(&rest);
            lines.finish();
        };
        let lines = async {
            let mut lines = self.stdout;
            pass(stdout, &gone, lines.sink().clone(), |bytes| {
                lines.write(bytes)
            })
            .await;
            lines.finish();
        };
        tokio::join!(lines, errors);
    }
}

/// Reads a stream to its end, no faster than the host takes what is written.
async fn pass(
    mut pipe: impl AsyncRead + Unpin,
    gone: &CancellationToken,
    sink: OutputSink,
    mut write: impl FnMut(&[u8]) -> Pressure,
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = tokio::select! {
            biased;
            read = pipe.read(&mut buffer) => read,
            () = silence(gone) => break,
        };
        match read {
            Ok(0) => break,
            Ok(count) => {
                if write(&buffer[..count]).is_wait() {
                    // The other machine waits meanwhile, at the end of its connection.
                    sink.ready().await;
                }
            }
            Err(err) => {
                warn!("the output of ssh could not be read to its end: {err}");
                break;
            }
        }
    }
}

async fn silence(gone: &CancellationToken) {
    gone.cancelled().await;
    sleep(SILENCE).await;
}
