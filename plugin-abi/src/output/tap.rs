//! A reader of one task's output that loses nothing.

mod event;
mod open_block;
mod options;
mod pushed;
mod queue;
mod taps;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

pub use event::{TapBlock, TapEvent};
pub use options::{TapOptions, WhenFull};
pub(super) use pushed::{Content, Pushed};
use queue::{Look, TapQueue};
pub(super) use taps::Taps;

/// How long after the end of an attempt its output may still come, from a sink that its plugin keeps:
/// 5 seconds. Then the attempt is told to be complete without it.
const LATE: Duration = Duration::from_secs(5);

/// How long a reader that has caught up leaves what comes in together: 1 millisecond. Being woken for
/// each line costs more than the line.
const GATHER: Duration = Duration::from_millis(1);

/// A reader of one task's output that loses nothing: made by
/// [`OutputRegistry::tap`](super::OutputRegistry::tap).
///
/// A subscriber that is too slow skips lines. A tap keeps a bounded number of bytes instead, and when
/// it is full the writer is told to wait: a process waits in its `write` then, as with a pipe. What it
/// hands out are blocks, not lines: the bytes as they were written, and where their lines end.
///
/// Several taps and subscribers of a task each see everything, from when they were made. Dropping a tap
/// lets its writers go on at once.
///
/// # Examples
///
/// ```
/// use solti_model::{StreamKind, TaskId};
/// use solti_plugin_abi::{OutputRegistry, TapEvent, TapOptions};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
/// # runtime.block_on(async {
/// let registry = OutputRegistry::default();
/// let id = TaskId::from("task");
/// registry.ensure_channel(id.clone());
/// let mut tap = registry.tap(&id, TapOptions::default()).expect("the channel is there");
///
/// let sink = registry.sink_for(id.clone(), 1);
/// sink.push(StreamKind::Stdout, b"one");
/// sink.push(StreamKind::Stdout, b"two");
/// drop(sink);
/// registry.evict(&id);
///
/// let mut read = Vec::new();
/// while let Some(event) = tap.next().await {
///     if let TapEvent::Block(block) = event {
///         read.extend_from_slice(&block.bytes);
///     }
/// }
/// assert_eq!(read, b"one\ntwo\n");
/// # });
/// ```
pub struct Tap {
    queue: Arc<TapQueue>,
    /// Taken from the queue and not handed out yet.
    taken: VecDeque<TapEvent>,
    /// Attempts that have finished and are not complete, and until when they may be.
    finished: Vec<(u32, Instant)>,
    /// Attempts whose completeness has been told though a sink was left.
    given_up: Vec<u32>,
    /// Since when there will be no further attempt.
    evicted: Option<Instant>,
}

impl Tap {
    pub(super) fn new(options: TapOptions) -> Self {
        Self {
            queue: Arc::new(TapQueue::new(options)),
            taken: VecDeque::new(),
            finished: Vec::new(),
            given_up: Vec::new(),
            evicted: None,
        }
    }

    /// Where its writers push.
    pub(super) fn queue(&self) -> Arc<TapQueue> {
        Arc::clone(&self.queue)
    }

    /// The next event; `None` when the task is over and all of its output has been handed out.
    ///
    /// It is over when its channel is evicted and its sinks are gone, or five seconds later if one is
    /// kept: what that one pushes then is for nobody. Needs the clock of a tokio runtime. May be dropped and called again: nothing is lost.
    pub async fn next(&mut self) -> Option<TapEvent> {
        loop {
            if let Poll::Ready(event) = self.at_hand() {
                return event;
            }
            let until = self.next_deadline();
            let found = match until {
                Some(until) => {
                    let wait = self.queue.wait(Look::Any);
                    tokio::time::timeout_at(until.into(), wait).await.ok()
                }
                None => Some(self.queue.wait(Look::Any).await),
            };
            if found == Some(true) {
                // It has caught up: what comes in the next moment comes together.
                let full = self.queue.wait(Look::Full);
                let _ = tokio::time::timeout(GATHER, full).await;
            }
            self.fetch();
        }
    }

    /// As [`next`](Self::next), for a thread that is no worker of a runtime, which it blocks.
    pub fn blocking_next(&mut self) -> Option<TapEvent> {
        loop {
            if let Poll::Ready(event) = self.at_hand() {
                return event;
            }
            let until = self.next_deadline();
            if self.queue.blocking_wait(Look::Any, until) {
                let soon = Instant::now() + GATHER;
                self.queue.blocking_wait(Look::Full, Some(soon));
            }
            self.fetch();
        }
    }

    /// Takes an event that is there already, without waiting.
    pub fn try_next(&mut self) -> Option<TapEvent> {
        if self.taken.is_empty() {
            self.fetch();
        }
        self.take_one()
    }

    /// What [`next`](Self::next) answers, where nothing has to be waited for.
    fn at_hand(&mut self) -> Poll<Option<TapEvent>> {
        match self.take_one() {
            Some(event) => Poll::Ready(Some(event)),
            None if self.is_over() => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    fn take_one(&mut self) -> Option<TapEvent> {
        loop {
            while let Some(event) = self.taken.pop_front() {
                if self.note(&event) {
                    return Some(event);
                }
            }
            let now = Instant::now();
            let late = self.finished.iter().position(|(_, until)| *until <= now)?;
            // What came by now comes before, and what comes from now on afterwards, however fast.
            self.fetch();
            let (attempt, _) = self.finished.swap_remove(late);
            if !self.taken.iter().any(|event| completes(event, attempt)) {
                self.given_up.push(attempt);
                self.taken.push_back(late_end(attempt));
            }
        }
    }

    /// Follows what an event says of its attempt; `false` for one that is not handed out.
    fn note(&mut self, event: &TapEvent) -> bool {
        match event {
            TapEvent::Finished { attempt, .. } => {
                self.finished.push((*attempt, Instant::now() + LATE));
                true
            }
            TapEvent::Complete {
                attempt,
                late: false,
            } => {
                self.finished.retain(|(finished, _)| finished != attempt);
                !self.given_up.contains(attempt)
            }
            _ => true,
        }
    }

    fn fetch(&mut self) {
        self.queue.take(&mut self.taken);
        if self.evicted.is_none() && self.queue.note_evicted() {
            self.evicted = Some(Instant::now());
        }
    }

    fn is_over(&mut self) -> bool {
        let is_late = self.evicted.is_some_and(|since| since.elapsed() >= LATE);
        if !is_late && !self.queue.is_closed() {
            return false;
        }
        if is_late {
            // Or whoever goes on pushing would keep the reader for ever.
            self.queue.shut();
        }
        // What came between the last look and the end.
        self.fetch();
        if self.taken.is_empty()
            && let Some((attempt, _)) = self.finished.pop()
        {
            self.taken.push_back(late_end(attempt));
        }
        self.taken.is_empty()
    }

    /// When something is due though nothing comes.
    fn next_deadline(&self) -> Option<Instant> {
        let evicted = self.evicted.map(|since| since + LATE);
        let finished = self.finished.iter().map(|(_, until)| *until);
        finished.chain(evicted).min()
    }
}

fn completes(event: &TapEvent, attempt: u32) -> bool {
    matches!(event, TapEvent::Complete { attempt: of, .. } if *of == attempt)
}

/// An attempt is told to be complete though nobody knows whether it is.
fn late_end(attempt: u32) -> TapEvent {
    TapEvent::Complete {
        attempt,
        late: true,
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.queue.leave();
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tap").finish_non_exhaustive()
    }
}
