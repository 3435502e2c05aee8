//! Takes the events of one task out of its channel before they are overwritten.

use std::sync::Arc;

use solti_model::{OutputEvent, StreamKind};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::mpsc;

use super::source::Source;
use super::writer::Message;

/// Events that all channels together may keep. A million lines of a single task fit, so they arrive whole
/// even if nothing takes them before the last one is written. An event takes about 100 bytes, and
/// a channel takes the memory for its whole capacity when it is made.
const EVENTS_IN_ALL: usize = 1 << 20;

/// Events that each channel keeps, however many channels there are.
const EVENTS_AT_LEAST: usize = 1 << 10;

/// Events that are handed on together.
const BATCH: usize = 1024;

/// The capacity of each channel when up to `tasks` tasks run at the same time.
pub(crate) fn capacity_for(tasks: usize) -> usize {
    (EVENTS_IN_ALL / tasks.max(1).next_power_of_two()).max(EVENTS_AT_LEAST)
}

/// Hands the events of `source` to the writer until its channel ends.
pub(crate) async fn drain(
    source: Arc<Source>,
    mut events: Receiver<OutputEvent>,
    writer: mpsc::Sender<Message>,
) {
    loop {
        let first = events.recv().await.map_err(|err| match err {
            RecvError::Lagged(skipped) => TryRecvError::Lagged(skipped),
            RecvError::Closed => TryRecvError::Closed,
        });
        let (batch, at_end) = take_batch(&source, first, &mut events);
        if !batch.is_empty() {
            let batch = Message::Events(Arc::clone(&source), batch);
            if writer.send(batch).await.is_err() {
                return;
            }
        }
        if at_end {
            return;
        }
    }
}

/// Takes `first` and what is there already; also whether that was the end of the channel.
fn take_batch(
    source: &Source,
    first: Result<OutputEvent, TryRecvError>,
    events: &mut Receiver<OutputEvent>,
) -> (Vec<OutputEvent>, bool) {
    let mut batch = Vec::new();
    let (mut stdout, mut stderr) = (0, 0);
    let mut next = first;
    let at_end = loop {
        match next {
            Ok(event) => {
                if let OutputEvent::Chunk(chunk) = &event {
                    match chunk.stream {
                        StreamKind::Stdout => stdout += 1,
                        StreamKind::Stderr => stderr += 1,
                    }
                }
                batch.push(event);
            }
            Err(TryRecvError::Lagged(skipped)) => {
                source.lines.skip(skipped);
                batch.push(OutputEvent::Lagged { skipped });
            }
            Err(TryRecvError::Empty) => break false,
            Err(TryRecvError::Closed) => break true,
        }
        if batch.len() >= BATCH {
            break false;
        }
        next = events.try_recv();
    };
    source.lines.add(stdout, stderr);
    (batch, at_end)
}
