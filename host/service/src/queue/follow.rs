//! Sends what a task writes on into the queue.

use std::sync::Arc;

use bytes::Bytes;
use solti_plugin_queue::Feed;
use tracing::error;

use crate::output::{Frame, Hold, Kind, Outputs, Read, Reader, write_frame};
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
            Ok(Read::Gone { bytes }) => feed.push(gone(bytes)).await,
            Ok(Read::Nothing) => {
                if !more(&mut reader).await {
                    break;
                }
            }
            Err(err) => {
                error!("the output of a task of the queue cannot be read: {err}");
                break;
            }
        }
    }
    // The last ones may have come between the last read and the end.
    while let Ok(Read::Frames(frames)) = reader.read().await {
        feed.push(bytes_of(&frames)).await;
    }
    drop(hold);
    feed.finish().await
}

async fn more(reader: &mut Reader) -> bool {
    reader.wait().await
}

fn bytes_of(frames: &[Frame]) -> Bytes {
    let mut bytes = Vec::new();
    for frame in frames {
        let lines = memchr::memchr_iter(b'\n', &frame.payload).count();
        let lines = match frame.kind {
            Kind::Data(_) => u32::try_from(lines).unwrap_or(u32::MAX),
            _ => 0,
        };
        let of = (lines, frame.first_line);
        let data: &[u8] = match frame.kind {
            Kind::Data(_) => &frame.payload,
            _ => &[],
        };
        write_frame(
            &mut bytes,
            frame.kind,
            frame.flags,
            frame.attempt,
            of,
            frame.time,
            data,
        );
    }
    bytes.into()
}

/// So many bytes are not kept any more.
fn gone(bytes: u64) -> Bytes {
    let mut frame = Vec::new();
    let kind = Kind::Lost {
        stream: crate::output::Stream::Stdout,
        bytes,
        lines: 0,
    };
    write_frame(&mut frame, kind, 0, 0, (0, 0), crate::time::now(), &[]);
    frame.into()
}
