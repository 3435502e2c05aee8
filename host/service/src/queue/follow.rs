//! Sends what a task writes on into the queue.

use std::sync::Arc;

use bytes::Bytes;
use solti_plugin_queue::Feed;
use tracing::error;

use crate::output::{Frame, Hold, Kind, Outputs, Read, write_frame, write_gone};
use crate::store::Seq;

/// Sends the log of a task into the queue, until it is complete; how many bytes that were. While this lags
/// behind, the task waits before it writes more.
pub(super) async fn follow(outputs: &Arc<Outputs>, seq: Seq, mut feed: Feed, hold: Hold) -> u64 {
    let mut reader = outputs.reader(seq);
    loop {
        match reader.read().await {
            Ok(Read::Frames(frames)) => {
                let end = frames.last().map_or(0, |last| last.offset + last.size());
                feed.push(bytes_of(&frames)).await;
                hold.taken(end);
            }
            Ok(Read::Gone { bytes }) => {
                let mut gone = Vec::new();
                write_gone(&mut gone, bytes);
                feed.push(gone.into()).await;
            }
            Ok(Read::Nothing) => {
                if !reader.wait().await {
                    break;
                }
            }
            Err(err) => {
                error!("the output of a task of the queue cannot be read: {err}");
                break;
            }
        }
    }
    drop(hold);
    feed.finish().await
}

fn bytes_of(frames: &[Frame]) -> Bytes {
    let mut bytes = Vec::new();
    for frame in frames {
        let lines = match frame.kind {
            Kind::Data(_) => memchr::memchr_iter(b'\n', &frame.payload).count(),
            _ => 0,
        };
        let lines = u32::try_from(lines).unwrap_or(u32::MAX);
        write_frame(
            &mut bytes,
            frame.kind,
            frame.flags,
            frame.attempt,
            (lines, frame.first_line),
            frame.time,
            &frame.payload,
        );
    }
    bytes.into()
}
