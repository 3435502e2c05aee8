//! The host's output registry and its sinks.

use abi_stable::sabi_trait;
use abi_stable::std_types::{RBox, ROption, RSlice, RStr};

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

/// A sink: the hot path of the boundary. The bytes are borrowed for the call only.
#[sabi_trait]
pub trait OutputSinkAbi: Send + Sync + 'static {
    /// Pushes one line.
    fn push(&self, stream: u32, line: RSlice<'_, u8>);

    /// Pushes the lines of `text` that `spans` delimit: start and end of each, in bytes.
    #[sabi(last_prefix_field)]
    fn push_lines(&self, stream: u32, text: RSlice<'_, u8>, spans: RSlice<'_, [u32; 2]>);
}

/// The registry, as a plugin holds it.
pub type FfiOutputRegistry = OutputRegistryAbi_TO<RBox<()>>;

/// A sink, as a plugin holds it.
pub type FfiOutputSink = OutputSinkAbi_TO<RBox<()>>;
