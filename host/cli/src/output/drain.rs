//! Takes the output of one task out of its tap, as fast as it can be written.

use std::sync::Arc;

use solti_model::StreamKind;
use solti_plugin_host::output::{TapEvent, TapOptions};
use solti_plugin_host::supervise::TaskOutput;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

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

/// Hands the output of `source` to the writer until its task is over, or the run gives up on it.
pub(crate) async fn drain(
    source: Arc<Source>,
    mut tap: TaskOutput,
    writer: mpsc::Sender<Message>,
    give_up: CancellationToken,
) {
    let mut counting = Counting::default();
    loop {
        let event = tokio::select! {
            biased;
            () = give_up.cancelled() => None,
            event = tap.next() => event,
        };
        let Some(event) = event else { break };
        counting.count(&source, &event);
        let message = Message::Event(Arc::clone(&source), event);
        let sent = tokio::select! {
            biased;
            () = give_up.cancelled() => return,
            sent = writer.send(message) => sent,
        };
        if sent.is_err() {
            return;
        }
    }
    counting.end(&source);
    // Nobody is left to be told when the writer has gone.
    writer.send(Message::End(source)).await.ok();
}

/// Counts lines, the last one of a stream as well that has no end.
#[derive(Default)]
struct Counting {
    /// Whether standard output, and standard error, have a line without an end.
    open: [bool; 2],
}

impl Counting {
    fn count(&mut self, source: &Source, event: &TapEvent) {
        match event {
            TapEvent::Block(block) => {
                let mut lines = block.ends.len() as u64;
                let open = &mut self.open[usize::from(block.stream == StreamKind::Stderr)];
                if !block.bytes.is_empty() {
                    let end = block.ends.last().map_or(0, |end| *end as usize);
                    *open = end < block.bytes.len();
                }
                if block.last {
                    lines += u64::from(std::mem::take(open));
                }
                match block.stream {
                    StreamKind::Stdout => source.lines.add(lines, 0),
                    StreamKind::Stderr => source.lines.add(0, lines),
                }
            }
            TapEvent::Lost { lines, bytes, .. } => source.lines.lose(*lines, *bytes),
            TapEvent::Complete { .. } => self.end(source),
            _ => {}
        }
    }

    fn end(&mut self, source: &Source) {
        let [stdout, stderr] = std::mem::take(&mut self.open).map(u64::from);
        source.lines.add(stdout, stderr);
    }
}
