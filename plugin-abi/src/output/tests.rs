//! What every writer and every subscriber may rely on, whatever the bytes and the timing.

#[path = "tests/lines.rs"]
mod lines;
#[path = "tests/listening.rs"]
mod listening;
#[path = "tests/tapping.rs"]
mod tapping;
#[path = "tests/text.rs"]
mod text;

use solti_model::{OutputChunk, OutputEvent, StreamKind, TaskId};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;

use super::{OutputRegistry, OutputSink};

/// A sink and a subscriber that is there before the first line.
fn listened_sink(capacity: usize) -> (OutputSink, Receiver<OutputEvent>) {
    let registry = OutputRegistry::new(capacity);
    let task = TaskId::from("task");
    let sink = registry.sink_for(task.clone(), 1);
    let receiver = registry
        .subscribe(&task)
        .expect("the sink made the channel");
    (sink, receiver)
}

/// The chunks that are there to be read now.
fn received(receiver: &mut Receiver<OutputEvent>) -> Vec<OutputChunk> {
    let mut chunks = Vec::new();
    loop {
        match receiver.try_recv() {
            Ok(OutputEvent::Chunk(chunk)) => chunks.push(chunk),
            Ok(other) => panic!("only chunks were sent, not {other:?}"),
            Err(TryRecvError::Empty | TryRecvError::Closed) => return chunks,
            Err(TryRecvError::Lagged(count)) => panic!("the capacity was {count} too small"),
        }
    }
}

/// Number and text of each chunk of `stream`.
fn numbered(chunks: &[OutputChunk], stream: StreamKind) -> Vec<(u64, String)> {
    chunks
        .iter()
        .filter(|chunk| chunk.stream == stream)
        .map(|chunk| {
            let text = std::str::from_utf8(&chunk.line).expect("a line is always valid text");
            (chunk.seq, text.to_owned())
        })
        .collect()
}
