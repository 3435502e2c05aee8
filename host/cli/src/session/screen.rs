//! What the tasks of a run show: their events, and notes about them.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use solti_model::Slot;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::output::{self, Format, Message, Output, Sources, Writer};
use crate::present::style::DIM;
use crate::supervise::Show;

/// The way of the tasks to the writer.
pub(super) struct Screen {
    output: Output,
    sources: Arc<Mutex<Sources>>,
    messages: mpsc::Sender<Message>,
    closed: CancellationToken,
    drains: Drains,
}

/// One drain for each task that has begun.
#[derive(Clone, Default)]
pub(super) struct Drains(Arc<Mutex<JoinSet<()>>>);

impl Screen {
    pub(super) fn new(output: Output, writer: &Writer, drains: &Drains) -> Self {
        Self {
            output,
            sources: Arc::default(),
            messages: writer.messages().clone(),
            closed: writer.closed().clone(),
            drains: drains.clone(),
        }
    }

    /// Cancelled when nobody reads the output any more.
    pub(super) fn closed(&self) -> &CancellationToken {
        &self.closed
    }

    /// Makes room for the slot of a task to come.
    pub(super) fn announce(&self, slot: &Slot) {
        self.sources.lock().announce(slot.as_str());
    }

    /// Shows a note about a task without a channel.
    pub(super) async fn note(&self, slot: &Slot, note: &str) {
        if self.output.format != Format::Slots {
            return;
        }
        let colour = self.output.stderr_colour;
        let before = self.sources.lock().before_note(slot.as_str(), colour);
        let style = if colour { DIM } else { Default::default() };
        let note = format!("{before}{style}{note}{style:#}");
        // The writer goes last of all.
        self.messages.send(Message::Note(note)).await.ok();
    }

    /// Shows the events of each task that begins.
    pub(super) fn show(&self, runtime: Handle) -> Box<Show> {
        // Weak, or a task that is never given back would keep the writer waiting.
        let messages = self.messages.downgrade();
        let (output, sources) = (self.output, Arc::clone(&self.sources));
        let drains = self.drains.clone();
        Box::new(move |spec, id, events| {
            let source = sources.lock().source(spec.slot().as_str(), id, output);
            if let Some(messages) = messages.upgrade() {
                let drain = output::drain(Arc::clone(&source), events, messages);
                drains.0.lock().spawn_on(drain, &runtime);
            }
            source
        })
    }
}

impl Drains {
    /// Waits until every event has been handed to the writer, for at most `limit`.
    pub(super) async fn finish(self, limit: Duration) {
        let mut drains = std::mem::take(&mut *self.0.lock());
        let finished = async { while drains.join_next().await.is_some() {} };
        // A plugin that keeps a sink keeps its channel open; the lines so far are all there.
        tokio::time::timeout(limit, finished).await.ok();
    }
}
