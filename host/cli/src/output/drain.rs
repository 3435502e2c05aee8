//! Takes the output of one task out of its tap, as fast as it can be written.

use std::sync::Arc;

use solti_model::StreamKind;
use solti_plugin_host::output::{Tap, TapEvent, TapOptions};
use tokio::sync::mpsc;

use super::source::Source;
use super::writer::Message;

/// What the taps of all tasks that run keep together, in bytes; each keeps at least [`AT_LEAST`].
const IN_ALL: usize = 16 << 20;

/// What a tap keeps at least: what a pipe does.
const AT_LEAST: usize = 64 << 10;

/// What a tap keeps at most.
const AT_MOST: usize = 1 << 20;

/// The tap of a task when up to `tasks` run at the same time.
pub(crate) fn tap_options(tasks: usize) -> TapOptions {
    let each = (IN_ALL / tasks.max(1)).clamp(AT_LEAST, AT_MOST);
    TapOptions::default().with_capacity(each)
}

/// Hands the output of `source` to the writer until its task is over.
pub(crate) async fn drain(source: Arc<Source>, mut tap: Tap, writer: mpsc::Sender<Message>) {
    while let Some(event) = tap.next().await {
        match &event {
            TapEvent::Block(block) => {
                let lines = block.ends.len() as u64;
                match block.stream {
                    StreamKind::Stdout => source.lines.add(lines, 0),
                    StreamKind::Stderr => source.lines.add(0, lines),
                }
            }
            TapEvent::Lost { lines, bytes, .. } => source.lines.lose(*lines, *bytes),
            _ => {}
        }
        let message = Message::Event(Arc::clone(&source), event);
        if writer.send(message).await.is_err() {
            return;
        }
    }
    // Nobody is left to be told when the writer has gone.
    writer.send(Message::End(source)).await.ok();
}
