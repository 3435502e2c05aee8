//! Somebody who reads along and counts.

use solti_model::{OutputEvent, StreamKind};
use solti_plugin_host::output::{Tap, TapEvent};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// Reads `count` lines of standard output.
///
/// # Panics
///
/// When a line is missing, out of order or of another length: then the measurement means nothing.
pub async fn read_lines(mut events: Receiver<OutputEvent>, count: u64, bytes: usize) {
    let mut expected = 0;
    while expected < count {
        match events.recv().await {
            Ok(OutputEvent::Chunk(chunk)) if chunk.stream == StreamKind::Stdout => {
                assert_eq!(chunk.seq, expected, "a line is missing");
                assert_eq!(chunk.line.len(), bytes, "line {expected} is not whole");
                expected += 1;
            }
            Ok(OutputEvent::Chunk(chunk)) => panic!("on standard error: {:?}", chunk.line),
            Ok(_) => {}
            Err(RecvError::Lagged(missed)) => panic!("{missed} lines were too fast"),
            Err(RecvError::Closed) => panic!("{} lines did not come", count - expected),
        }
    }
}

/// Reads `count` lines of standard output from a tap.
///
/// # Panics
///
/// When a line is missing, out of order or of another length: then the measurement means nothing.
pub async fn read_tap(mut tap: Tap, count: u64, bytes: usize) {
    let (mut lines, mut read) = (0, 0);
    while lines < count {
        match tap.next().await {
            Some(TapEvent::Block(block)) => {
                assert_eq!(block.stream, StreamKind::Stdout);
                assert_eq!(block.first_line, lines, "a line is missing");
                lines += block.ends.len() as u64;
                read += block.bytes.len();
            }
            Some(TapEvent::Lost { lines, .. }) => panic!("{lines} lines are lost"),
            Some(_) => {}
            None => panic!("{} lines did not come", count - lines),
        }
    }
    assert_eq!(
        read as u64,
        count * (bytes as u64 + 1),
        "a line is not whole"
    );
}
