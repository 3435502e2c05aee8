//! What the tasks of a run show: their events, and notes about them.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::Mutex;
use solti_model::Slot;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::output::{self, Format, Message, SlotColumn, Source, Writer};
use crate::present::style::{self, Colours, DIM};
use crate::supervise::Show;

/// The way from the tasks to the writer.
pub(super) struct Screen {
    format: Format,
    colours: Colours,
    column: Arc<Mutex<SlotColumn>>,
    writer: Writer,
    /// One drain for each task whose output is not complete.
    drains: TaskTracker,
}

/// Shows notes about tasks. The writer goes on until this is dropped.
pub(super) struct Notes {
    format: Format,
    colours: Colours,
    column: Arc<Mutex<SlotColumn>>,
    messages: mpsc::Sender<Message>,
    closed: CancellationToken,
}

/// How the writing ended.
pub(super) struct Written {
    /// Whether standard output takes no more, be it that its reader left.
    pub(super) stdout_closed: bool,
    /// Whether the reader took all there was, or left.
    pub(super) was_taken: bool,
    /// Whether all of it was written; a reader that left is no error.
    pub(super) result: io::Result<()>,
}

impl Screen {
    /// Starts the writer.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread.
    pub(super) fn start(format: Format) -> io::Result<Self> {
        let colours = Colours::detect();
        Ok(Self {
            format,
            colours,
            column: Arc::default(),
            writer: Writer::start(format, colours.stderr)?,
            drains: TaskTracker::new(),
        })
    }

    /// Shows the events of each task that starts.
    pub(super) fn show(&self, runtime: Handle) -> Box<Show> {
        // Weak, or a task that is never given back would keep the writer waiting.
        let messages = self.writer.messages().downgrade();
        let (colours, column) = (self.colours, Arc::clone(&self.column));
        let drains = self.drains.clone();
        Box::new(move |spec, id, tap| {
            let slot = spec.slot().as_str();
            let prefixes = column.lock().prefixes(slot, colours);
            let source = Arc::new(Source::new(slot, id, prefixes));
            if let Some(messages) = messages.upgrade() {
                let drain = output::drain(Arc::clone(&source), tap, messages);
                drains.spawn_on(drain, &runtime);
            }
            source
        })
    }

    /// Shows notes about tasks.
    pub(super) fn notes(&self) -> Notes {
        Notes {
            format: self.format,
            colours: self.colours,
            column: Arc::clone(&self.column),
            messages: self.writer.messages().clone(),
            closed: self.writer.closed().clone(),
        }
    }

    /// Waits until everything is written, and ends the runtime.
    ///
    /// A reader may take as long as it likes; `limit` is how long one may take nothing at all once
    /// `stop` is cancelled, or when `hurried`, because a task was not to go on either.
    pub(super) fn finish(
        self,
        runtime: Runtime,
        stop: &CancellationToken,
        hurried: bool,
        limit: Duration,
    ) -> Written {
        let closed = self.writer.closed().clone();
        let progress = self.writer.progress();
        let (drains, writer) = (self.drains, self.writer);
        drains.close();
        let result = runtime.block_on(async {
            let finished = async {
                drains.wait().await;
                writer.finish().await
            };
            let stalled = async {
                if !hurried {
                    stop.cancelled().await;
                }
                let mut seen = progress.load(Ordering::Relaxed);
                loop {
                    sleep(limit).await;
                    let now = progress.load(Ordering::Relaxed);
                    if now == seen {
                        return;
                    }
                    seen = now;
                }
            };
            tokio::select! {
                result = finished => Some(result),
                () = stalled => None,
            }
        });
        runtime.shutdown_timeout(limit);
        Written {
            stdout_closed: closed.is_cancelled() || result.is_none(),
            was_taken: result.is_some(),
            result: result.unwrap_or(Ok(())),
        }
    }
}

impl Notes {
    /// Cancelled when nobody reads the output any more.
    pub(super) fn closed(&self) -> &CancellationToken {
        &self.closed
    }

    /// Makes room for the slot of a task to come.
    pub(super) fn reserve(&self, slot: &Slot) {
        self.column.lock().reserve(slot.as_str());
    }

    /// Shows a note about a task without a channel.
    pub(super) async fn show(&self, slot: &Slot, note: &str) {
        if self.format != Format::Slots {
            return;
        }
        let prefix = self.column.lock().note_prefix(slot.as_str(), self.colours);
        let style = style::when(self.colours.stderr, DIM);
        let note = format!("{prefix}{style}{note}{style:#}");
        // The writer outlives every sender.
        self.messages.send(Message::Note(note)).await.ok();
    }
}
