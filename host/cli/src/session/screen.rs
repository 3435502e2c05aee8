//! What the tasks of a run show: their events, and notes about them.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use solti_model::Slot;
use solti_plugin_host::report::Warning;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::watch::Show;
use crate::output::{self, Format, Message, SlotColumn, Source, Writer};
use crate::present::stamp;
use crate::present::style::{self, Colours, DIM};
use crate::present::{message, phrase};
use crate::shutdown::WORTH_A_WORD;

/// The way from the tasks to the writer.
pub(super) struct Screen {
    format: Format,
    colours: Colours,
    column: Arc<Mutex<SlotColumn>>,
    writer: Writer,
    /// One drain for each task whose output is not complete.
    drains: TaskTracker,
    /// Those tasks.
    open: Arc<Open>,
    /// Those of which it is not known yet what was lost.
    uncounted: TaskTracker,
    /// Cancelled when they are waited for no longer.
    give_up: CancellationToken,
}

/// Shows notes about tasks. The writer goes on until this is dropped.
pub(super) struct Notes {
    format: Format,
    colours: Colours,
    column: Arc<Mutex<SlotColumn>>,
    messages: mpsc::Sender<Message>,
    closed: CancellationToken,
    drains: TaskTracker,
    give_up: CancellationToken,
}

/// How the writing ended.
pub(super) struct Written {
    /// Whether the reader of standard output took what there was, or left.
    pub(super) was_taken: bool,
    /// Whether it left.
    pub(super) reader_left: bool,
    /// Whether all of it was written; a reader that left is no error.
    pub(super) result: io::Result<()>,
}

/// A reader that takes nothing for so long, at the end of a run that was ended, will not take more.
const STALLED: Duration = Duration::from_secs(5);

/// How long a plugin that keeps a sink is waited for by whoever reads.
const KEPT: Duration = Duration::from_secs(5);

/// How often that is looked at.
const STEP: Duration = Duration::from_millis(50);

/// The tasks whose output is not complete.
#[derive(Default)]
struct Open(Mutex<BTreeSet<String>>);

/// One of them, until this is dropped.
struct Opened {
    open: Arc<Open>,
    name: String,
}

impl Open {
    fn begin(self: &Arc<Self>, name: String) -> Opened {
        self.0.lock().insert(name.clone());
        let open = Arc::clone(self);
        Opened { open, name }
    }

    /// Says which task's output is waited for.
    fn tell(&self, most: Duration) {
        let open = self.0.lock();
        let Some(first) = open.first() else {
            return;
        };
        let others = phrase::and_others(open.len() - 1);
        message::last_warning(Warning::new(
            "waiting_for_output",
            format!(
                "waiting for the output of {first}{others}, {} at most: the plugin keeps its sink though \
             the task is over",
                phrase::duration(most)
            ),
        ));
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.open.0.lock().remove(&self.name);
    }
}

impl Screen {
    /// Starts the writer.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread.
    pub(super) fn start(format: Format, quiet: bool) -> io::Result<Self> {
        let colours = Colours::detect();
        Ok(Self {
            format,
            colours,
            column: Arc::default(),
            writer: Writer::start(format, quiet, colours.stderr)?,
            drains: TaskTracker::new(),
            open: Arc::default(),
            uncounted: TaskTracker::new(),
            give_up: CancellationToken::new(),
        })
    }

    /// Shows the events of each task that starts.
    pub(super) fn show(&self, runtime: Handle) -> Box<Show> {
        // Weak, or a task that is never given back would keep the writer waiting.
        let messages = self.writer.messages().downgrade();
        let (colours, column) = (self.colours, Arc::clone(&self.column));
        let drains = self.drains.clone();
        let (give_up, open) = (self.give_up.clone(), Arc::clone(&self.open));
        let uncounted = self.uncounted.clone();
        Box::new(move |task, tap| {
            let slot = task.submission().slot().as_str();
            let prefixes = column.lock().prefixes(slot, colours);
            let source = Arc::new(Source::new(slot, task.id(), prefixes));
            // The writer goes on for as long as tasks start.
            if let Some(messages) = messages.upgrade() {
                let (source, give_up) = (Arc::clone(&source), give_up.clone());
                let drain = output::drain(source, tap, uncounted.token(), messages, give_up);
                let opened = open.begin(format!("slot '{slot}', {}", task.id().as_str()));
                let drain = async move {
                    drain.await;
                    drop(opened);
                };
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
            drains: self.drains.clone(),
            give_up: self.give_up.clone(),
        }
    }

    /// Waits until everything is written, and ends the runtime.
    ///
    /// A reader may take as long as it likes. Once `stop` is cancelled, or when `hurried`, because the
    /// command was not to go on either, one that takes nothing for [`STALLED`] is waited for no longer;
    /// and nor is, after `limit`, output that only a plugin could still bring, which keeps a sink.
    pub(super) fn finish(
        self,
        runtime: Runtime,
        stop: &CancellationToken,
        hurried: bool,
        limit: Duration,
    ) -> Written {
        let blocked = self.writer.blocked();
        let open = self.open;
        let (drains, writer, give_up) = (self.drains, self.writer, self.give_up);
        drains.close();
        let uncounted = self.uncounted;
        uncounted.close();
        let result = runtime.block_on(async {
            let until_told_to_end = || async {
                if !hurried {
                    stop.cancelled().await;
                }
            };
            let drained = async {
                tokio::select! {
                    () = drains.wait() => return,
                    () = until_told_to_end() => {}
                }
                // As long as the writer waits for its reader, it is not the plugin that is waited for.
                let mut left = limit.max(STEP);
                while !left.is_zero() {
                    if timeout(STEP, drains.wait()).await.is_ok() {
                        return;
                    }
                    if blocked.for_how_long().is_none() {
                        left = left.saturating_sub(STEP);
                    }
                }
                give_up.cancel();
                drains.wait().await;
            };
            let finished = async {
                drained.await;
                writer.finish().await
            };
            let stalled = async {
                until_told_to_end().await;
                while blocked.for_how_long().is_none_or(|time| time < STALLED) {
                    sleep(STEP).await;
                }
            };
            // As long as the writer waits for its reader, it is not a plugin that is waited for.
            let told = async {
                let mut waited = Duration::ZERO;
                while waited < WORTH_A_WORD {
                    sleep(STEP).await;
                    match blocked.for_how_long() {
                        None => waited += STEP,
                        Some(_) => waited = Duration::ZERO,
                    }
                }
                let is_to_end = hurried || stop.is_cancelled();
                open.tell(if is_to_end { limit.min(KEPT) } else { KEPT });
                std::future::pending().await
            };
            let result = tokio::select! {
                result = finished => Some(result),
                () = stalled => None,
                () = told => None,
            };
            // The runtime may be gone before what it drops is counted.
            give_up.cancel();
            timeout(STALLED, uncounted.wait()).await.ok();
            result
        });
        // A runner of a plugin may hold one of its threads: that is no reason to stay.
        runtime.shutdown_background();
        let was_taken = result.is_some();
        let result = result.unwrap_or(Ok(()));
        let reader_left = matches!(&result, Err(err) if err.kind() == io::ErrorKind::BrokenPipe);
        Written {
            was_taken,
            reader_left,
            result: if reader_left { Ok(()) } else { result },
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

    /// Whether the ends of tasks are shown as events.
    pub(super) fn has_events(&self) -> bool {
        self.format == Format::Json
    }

    /// Shows the event that `make` makes at the end of a task: behind all of its output, where it has had
    /// any, and not before that is counted. Returns at once.
    pub(super) fn show_end(
        &self,
        source: Option<Arc<Source>>,
        make: impl FnOnce() -> Option<String> + Send + 'static,
    ) {
        let (messages, give_up) = (self.messages.clone(), self.give_up.clone());
        self.drains.spawn(async move {
            let shown = async {
                if let Some(source) = source {
                    source.drained().await;
                }
                if let Some(event) = make() {
                    // The writer outlives every sender.
                    messages.send(Message::Object(event)).await.ok();
                }
            };
            tokio::select! {
                () = shown => {}
                () = give_up.cancelled() => {}
            }
        });
    }

    /// Shows a note about a task without a channel.
    pub(super) async fn show(&self, slot: &Slot, note: &str) {
        if self.format != Format::Slots {
            return;
        }
        let prefix = self.column.lock().note_prefix(slot.as_str(), self.colours);
        let style = style::when(self.colours.stderr, DIM);
        let stamp = stamp::before(SystemTime::now());
        let note = format!("{stamp}{prefix}{style}{note}{style:#}");
        // The writer outlives every sender.
        self.messages.send(Message::Note(note)).await.ok();
    }
}
