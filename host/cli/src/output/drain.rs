//! Takes the output of one task out of its tap, as fast as it can be written.

use std::sync::Arc;

use solti_model::StreamKind;
use solti_plugin_host::output::{TapEvent, TapOptions};
use solti_plugin_host::supervise::TaskOutput;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::room::room_for;
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

/// Hands the output of `source` to the writer until its task is over, or the run gives up on it. `counted`
/// is given back when it is known what was lost, whether or not the writer goes on.
pub(crate) async fn drain(
    source: Arc<Source>,
    tap: TaskOutput,
    counted: TaskTrackerToken,
    writer: mpsc::Sender<Message>,
    give_up: CancellationToken,
) {
    let _drained = source.until_drained();
    let mut counting = Counting::default();
    let mut tap = Drained {
        tap,
        source: Arc::clone(&source),
        _counted: counted,
    };
    loop {
        let event = tokio::select! {
            biased;
            () = give_up.cancelled() => None,
            event = tap.tap.next() => event,
        };
        let Some(event) = event else { break };
        counting.count(&source, &event);
        let sending = async {
            let room = room_for(&event).await;
            writer
                .send(Message::Event(Arc::clone(&source), event, room))
                .await
        };
        let sent = tokio::select! {
            biased;
            () = give_up.cancelled() => return,
            sent = sending => sent,
        };
        if sent.is_err() {
            return;
        }
    }
    counting.end(&source);
    // Before the writer is waited for, which may be stuck.
    drop(tap);
    // Nobody is left to be told when the writer has gone.
    writer.send(Message::End(source)).await.ok();
}

/// A tap that is drained. Where that is given up, what its plugin lost is counted all the same.
struct Drained {
    tap: TaskOutput,
    source: Arc<Source>,
    /// Given back last.
    _counted: TaskTrackerToken,
}

impl Drop for Drained {
    fn drop(&mut self) {
        while let Some(event) = self.tap.try_next() {
            if let TapEvent::Lost { lines, bytes, .. } = event {
                self.source.lines.lose(lines, bytes);
            }
        }
    }
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
                // A line that was pushed ends none that was written.
                if !block.bytes.is_empty() && !block.implied_ends {
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
            TapEvent::Lost {
                stream,
                lines,
                bytes,
                ..
            } => {
                source.lines.lose(*lines, *bytes);
                // What comes next is another line.
                let cut =
                    std::mem::take(&mut self.open[usize::from(*stream == StreamKind::Stderr)]);
                match stream {
                    StreamKind::Stdout => source.lines.add(u64::from(cut), 0),
                    StreamKind::Stderr => source.lines.add(0, u64::from(cut)),
                }
            }
            TapEvent::Complete { .. } => self.end(source),
            _ => {}
        }
    }

    fn end(&mut self, source: &Source) {
        let [stdout, stderr] = std::mem::take(&mut self.open).map(u64::from);
        source.lines.add(stdout, stderr);
    }
}
