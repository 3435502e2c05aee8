//! What stands behind a registry that owns no channels.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use solti_model::{StreamKind, TaskId};

/// Whether the host wants a writer to wait before it pushes more.
///
/// A writer that goes on all the same loses nothing at once; the host may drop what it pushes when
/// it has kept as much as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pressure {
    /// Go on.
    None,
    /// Wait for [`OutputSink::ready`](super::OutputSink::ready).
    Wait,
}

impl Pressure {
    /// Whether the writer is to wait.
    #[must_use]
    pub const fn is_wait(self) -> bool {
        matches!(self, Self::Wait)
    }
}

/// Ends when a writer may go on.
pub type Ready = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A registry of another kind than the channels of this one: in another library, or in a store.
///
/// Its methods are called from any thread, workers of a runtime among them, and do not block.
pub trait OutputBackend: Send + Sync {
    /// See [`OutputRegistry::ensure_channel`](super::OutputRegistry::ensure_channel).
    fn ensure_channel(&self, task: &TaskId);
    /// See [`OutputRegistry::sink_for`](super::OutputRegistry::sink_for).
    fn sink_for(&self, task: &TaskId, attempt: u32) -> Arc<dyn SinkBackend>;
    /// See [`OutputRegistry::announce_run_started`](super::OutputRegistry::announce_run_started).
    fn announce_run_started(&self, task: &TaskId, attempt: u32);
    /// See [`OutputRegistry::announce_run_finished`](super::OutputRegistry::announce_run_finished).
    fn announce_run_finished(&self, task: &TaskId, attempt: u32, exit_code: Option<i32>);
    /// See [`OutputRegistry::evict`](super::OutputRegistry::evict).
    fn evict(&self, task: &TaskId);
    /// See [`OutputRegistry::active_channels`](super::OutputRegistry::active_channels).
    fn active_channels(&self) -> usize;
}

/// A sink of an [`OutputBackend`]: takes the output of one attempt.
///
/// Its methods are called from any thread, workers of a runtime among them, and do not block, but
/// for [`wait_ready`](Self::wait_ready).
pub trait SinkBackend: Send + Sync {
    /// Takes one line, without its end. `cut` says that bytes of it were left out.
    fn push(&self, stream: StreamKind, cut: bool, line: &[u8]) -> Pressure;
    /// Takes the lines of `text` that `spans` delimit.
    fn push_lines(&self, stream: StreamKind, text: &[u8], spans: &[[u32; 2]]) -> Pressure;
    /// Takes the next bytes of a stream as they are.
    fn write(&self, stream: StreamKind, block: Block<'_>) -> Pressure;
    /// Ends when the writer may go on. A plugin's runtime polls it, so it must not need the clock or the
    /// sockets of the host's own: wake it from outside, as `tokio::sync` does.
    fn ready(&self) -> Ready;
    /// Blocks until the writer may go on or the time is over; whether it may go on.
    fn wait_ready(&self, at_most: Duration) -> bool;
    /// Whether anybody takes what is pushed now.
    fn is_enabled(&self) -> bool;
}

/// The next bytes of a stream, exactly as a process wrote them.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Block<'a> {
    /// The bytes; the next block goes on where they end.
    pub bytes: &'a [u8],
    /// The positions in them behind each `\n`, ascending.
    pub ends: &'a [u32],
    /// The longest line in bytes that is passed on whole to whoever takes lines; 0 leaves it to the
    /// host.
    pub longest_line: u32,
    /// Whether the stream ends with this block.
    pub last: bool,
}

impl<'a> Block<'a> {
    /// Bytes in the middle of a stream.
    #[must_use]
    pub const fn new(bytes: &'a [u8], ends: &'a [u32]) -> Self {
        Self {
            bytes,
            ends,
            longest_line: 0,
            last: false,
        }
    }

    /// The end of a stream.
    #[must_use]
    pub const fn end() -> Self {
        Self {
            last: true,
            ..Self::new(&[], &[])
        }
    }

    /// Sets the longest line that is passed on whole.
    #[must_use]
    pub const fn with_longest_line(mut self, bytes: u32) -> Self {
        self.longest_line = bytes;
        self
    }
}
