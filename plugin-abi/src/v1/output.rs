//! The host's output registry and its sinks.

use abi_stable::sabi_trait;
use abi_stable::std_types::{RBox, ROption, RSlice, RStr};
use async_ffi::FfiFuture;

/// The stream of a line on the wire.
pub mod stream {
    use solti_model::StreamKind;

    /// The number of a stream.
    #[must_use]
    pub fn code(stream: StreamKind) -> u32 {
        match stream {
            StreamKind::Stdout => 1,
            StreamKind::Stderr => 2,
        }
    }

    /// The stream of a number. An unknown one counts as standard error, where it is noticed.
    #[must_use]
    pub fn kind(code: u32) -> StreamKind {
        match code {
            1 => StreamKind::Stdout,
            _ => StreamKind::Stderr,
        }
    }
}

/// The host's output registry.
#[sabi_trait]
pub trait OutputRegistryAbi: Send + Sync + 'static {
    /// See `OutputRegistry::ensure_channel`.
    fn ensure_channel(&self, task: RStr<'_>);

    /// See `OutputRegistry::sink_for`.
    fn sink_for(&self, task: RStr<'_>, attempt: u32) -> OutputSinkAbi_TO<RBox<()>>;

    /// See `OutputRegistry::announce_run_started`.
    fn announce_run_started(&self, task: RStr<'_>, attempt: u32);

    /// See `OutputRegistry::announce_run_finished`.
    fn announce_run_finished(&self, task: RStr<'_>, attempt: u32, exit_code: ROption<i32>);

    /// See `OutputRegistry::evict`.
    fn evict(&self, task: RStr<'_>);

    /// See `OutputRegistry::active_channels`.
    #[sabi(last_prefix_field)]
    fn active_channels(&self) -> u64;
}

/// What a push says of its last line, as bits: [`CUT`](flag::CUT) of `push`, [`LAST`](flag::LAST) of
/// `write`. Any other is reserved: writers send 0 for it, and hosts ignore it.
pub mod flag {
    /// Bytes of the line were left out: it was longer than what the writer passes on.
    pub const CUT: u32 = 1;
    /// The stream ends here: what a write leaves open is a line.
    pub const LAST: u32 = 2;
}

/// What a push answers, as bits; the others are to be ignored.
pub mod pressure {
    /// The host wants the writer to wait for `ready` before it pushes more.
    pub const WAIT: u32 = 1;
}

/// A sink: the hot path of the boundary. The bytes are borrowed for the call only.
///
/// A push is never refused: a writer that ignores what it answers goes on, and the host may have to
/// drop what it pushes.
#[sabi_trait]
pub trait OutputSinkAbi: Send + Sync + 'static {
    /// Pushes one line, its end implied. See [`flag`] and [`pressure`].
    fn push(&self, stream: u32, flags: u32, line: RSlice<'_, u8>) -> u32;

    /// Pushes the lines of `text` that `spans` delimit: start and end of each, in bytes. Their ends
    /// are implied.
    fn push_lines(
        &self,
        stream: u32,
        flags: u32,
        text: RSlice<'_, u8>,
        spans: RSlice<'_, [u32; 2]>,
    ) -> u32;

    /// Writes the next bytes of the stream exactly as they are. `ends` are the positions behind each
    /// `\n` in them; what follows the last is a line that goes on with the next write.
    /// `longest_line` is the longest line in bytes that is passed on whole to whoever takes lines; 0
    /// leaves it to the host.
    fn write(
        &self,
        stream: u32,
        flags: u32,
        longest_line: u32,
        bytes: RSlice<'_, u8>,
        ends: RSlice<'_, u32>,
    ) -> u32;

    /// Ends when the writer may go on. Dropping it changes nothing.
    fn ready(&self) -> FfiFuture<()>;

    /// Blocks the calling thread, which must be no worker of a runtime, until the writer may go on or
    /// the time is over; whether it may go on.
    fn wait_ready(&self, at_most_ms: u64) -> bool;

    /// Whether anybody takes what is pushed now; a writer may save the work while nobody does.
    #[sabi(last_prefix_field)]
    fn is_enabled(&self) -> bool;
}

/// The registry, as a plugin holds it.
pub type FfiOutputRegistry = OutputRegistryAbi_TO<RBox<()>>;

/// A sink, as a plugin holds it.
pub type FfiOutputSink = OutputSinkAbi_TO<RBox<()>>;
