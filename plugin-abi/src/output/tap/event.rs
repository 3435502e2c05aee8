//! What a tap hands out.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use solti_model::StreamKind;

/// What a reader learns of a task's output, in order.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum TapEvent {
    /// The supervisor has announced an attempt.
    Started {
        /// Its number; the first is 1.
        attempt: u32,
        /// When.
        at: SystemTime,
    },
    /// Output.
    Block(TapBlock),
    /// Output that was left out: the tap was full, and its writer did not wait or was not to.
    Lost {
        /// The attempt that wrote it.
        attempt: u32,
        /// The stream.
        stream: StreamKind,
        /// Its length.
        bytes: u64,
        /// The line ends in it.
        lines: u64,
    },
    /// The supervisor has announced the end of an attempt. Output of it may still come.
    Finished {
        /// Its number.
        attempt: u32,
        /// The exit code that the supervisor told.
        exit_code: Option<i32>,
        /// When.
        at: SystemTime,
    },
    /// All output of an attempt has been handed out.
    Complete {
        /// Its number.
        attempt: u32,
        /// Whether a sink of it was left five seconds after its end: what that one still pushes comes
        /// afterwards.
        late: bool,
    },
}

/// Bytes of one stream of one attempt.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TapBlock {
    /// The attempt's number.
    pub attempt: u32,
    /// The stream.
    pub stream: StreamKind,
    /// Who wrote it: the plugin, of a sink that a host has handed to one.
    pub source: Option<Arc<str>>,
    /// The number of the first line that ends in this block; the stream's first is 0.
    pub first_line: u64,
    /// When the first byte was pushed.
    pub time: SystemTime,
    /// The bytes. The blocks of a stream, one after the other, are what was written.
    pub bytes: Bytes,
    /// Where lines end: positions after each line end in `bytes`, ascending.
    pub ends: Vec<u32>,
    /// Whether the line ends were put in by the host, since these lines were pushed without: a runner
    /// that pushes lines says nothing of their ends.
    pub implied_ends: bool,
    /// Whether bytes of the last line were left out by who pushed it.
    pub cut: bool,
    /// How often its writer was told to wait, since the tap was full.
    pub waits: u32,
    /// Whether the writer has ended its stream with this block: what has no line end then is a line. An
    /// attempt may begin the stream anew.
    pub last: bool,
}
