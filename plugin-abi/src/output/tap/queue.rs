//! What waits between the writers of a task and one reader.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, Waker};
use std::time::Instant;

use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;

use super::event::TapEvent;
use super::open_block::OpenBlock;
use super::options::{TapOptions, WhenFull};
use super::pushed::{Pushed, Size};
use crate::output::backend::Pressure;

/// The longest push that is taken, in bytes: 64 MiB. A line that is longer can be written in parts.
const MOST_AT_ONCE: usize = 64 << 20;

/// So many bytes wake a reader that gathers, or half of what is kept where that is less: waking it costs
/// as much as a hundred lines.
const GATHERED: usize = 256 << 10;

/// What a block takes besides its bytes.
const BLOCK_OVERHEAD: usize = 192;

/// What a reader waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Any,
    /// A good deal, or the end.
    Full,
}

/// The queue of one tap.
pub(in crate::output) struct TapQueue {
    options: TapOptions,
    state: Mutex<State>,
    /// For a reader that blocks its thread.
    more: Condvar,
    /// For writers that block theirs.
    room: Condvar,
    /// For those that do not.
    room_async: Notify,
    /// The reader has gone.
    left: AtomicBool,
}

#[derive(Default)]
struct State {
    events: VecDeque<Queued>,
    bytes: usize,
    /// The reader, and what it waits for.
    waiting: Option<(Look, Option<Waker>)>,
    closed: bool,
    evicted: bool,
    /// The reader knows of it.
    eviction_noted: bool,
    /// What wakes a reader which gathers.
    gathered: usize,
    /// The last block that the reader took was ample.
    was_ample: bool,
}

enum Queued {
    Event(TapEvent),
    Open(OpenBlock),
}

impl TapQueue {
    pub(super) fn new(options: TapOptions) -> Self {
        Self {
            options,
            state: Mutex::new(State {
                gathered: GATHERED.min(options.capacity.div_ceil(2)),
                ..State::default()
            }),
            more: Condvar::new(),
            room: Condvar::new(),
            room_async: Notify::new(),
            left: AtomicBool::new(false),
        }
    }

    /// Takes output; answers whether its writer is to wait.
    pub(super) fn push(&self, pushed: &Pushed<'_>) -> Pressure {
        let size = pushed.size();
        if size.bytes == 0 && !pushed.is_last() {
            return Pressure::None;
        }
        self.change(|state| {
            if self.has_left() {
                return Pressure::None;
            }
            // Who was not told to wait has his block taken; who was, or did not listen, up to a bound.
            let most = match self.options.when_full {
                _ if size.bytes > MOST_AT_ONCE => 0,
                _ if state.bytes < self.options.capacity => usize::MAX,
                WhenFull::Wait => self.options.overrun,
                WhenFull::Drop => 0,
            };
            let is_more = state.bytes.saturating_add(size.bytes) > most;
            if size.bytes > 0 && is_more {
                state.lose(pushed, size);
            } else if size.bytes > 0
                || state.bytes < self.options.capacity
                || !state.end_stream(pushed)
            {
                state.append(pushed, size);
            }
            if self.is_full(state) {
                state.note_wait();
                Pressure::Wait
            } else {
                Pressure::None
            }
        })
    }

    /// Takes what is told besides output.
    pub(super) fn tell_event(&self, event: TapEvent) {
        self.change(|state| {
            if !self.has_left() {
                state.events.push_back(Queued::Event(event));
            }
        });
    }

    /// There will be no further attempt.
    pub(super) fn evict(&self) {
        self.change(|state| state.evicted = true);
    }

    /// Nobody is left who could push.
    pub(super) fn close(&self) {
        self.change(|state| state.closed = true);
    }

    /// Changes what waits, and wakes the reader if that is what it waits for.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock();
        let changed = change(&mut state);
        let woken = state.wake();
        drop(state);
        self.tell(woken);
        changed
    }

    fn tell(&self, waker: Woken) {
        match waker {
            Woken::Nobody => {}
            Woken::Thread => {
                self.more.notify_one();
            }
            Woken::Task(waker) => waker.wake(),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    /// Whether there will be no further attempt; the reader is not woken for that again.
    pub(super) fn note_evicted(&self) -> bool {
        let mut state = self.state.lock();
        state.eviction_noted |= state.evicted;
        state.evicted
    }

    /// Moves all there is to `to`, and lets writers go on.
    pub(super) fn take(&self, to: &mut VecDeque<TapEvent>) {
        let events = {
            let mut state = self.state.lock();
            state.bytes = 0;
            state.was_ample = state.ends_amply();
            std::mem::take(&mut state.events)
        };
        if events.is_empty() {
            return;
        }
        self.make_room();
        to.extend(events.into_iter().map(|queued| match queued {
            Queued::Event(event) => event,
            Queued::Open(block) => TapEvent::Block(block.close()),
        }));
    }

    fn make_room(&self) {
        self.room.notify_all();
        self.room_async.notify_waiters();
    }

    /// The reader goes; what waits is for nobody.
    pub(super) fn leave(&self) {
        self.shut();
        self.take(&mut VecDeque::new());
        self.make_room();
    }

    /// Takes nothing any more: what is pushed from now on is for nobody.
    pub(super) fn shut(&self) {
        let _state = self.state.lock();
        self.left.store(true, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn has_left(&self) -> bool {
        self.left.load(Ordering::Relaxed)
    }

    fn is_full(&self, state: &State) -> bool {
        self.options.when_full == WhenFull::Wait && state.bytes >= self.options.capacity
    }

    /// Ends when there is what the reader looks for, `true`, or when the task is over.
    pub(super) async fn wait(&self, look: Look) -> bool {
        /// Whoever stops waiting is woken no more.
        struct Leaves<'a>(&'a TapQueue);

        impl Drop for Leaves<'_> {
            fn drop(&mut self) {
                self.0.state.lock().waiting = None;
            }
        }

        let _leaves = Leaves(self);
        poll_fn(|cx| {
            let mut state = self.state.lock();
            match state.found(look) {
                Some(found) => Poll::Ready(found),
                None => {
                    state.waiting = Some((look, Some(cx.waker().clone())));
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// As [`wait`](Self::wait), with the thread blocked; `false` also when the time is over.
    pub(super) fn blocking_wait(&self, look: Look, until: Option<Instant>) -> bool {
        let mut state = self.state.lock();
        loop {
            if let Some(found) = state.found(look) {
                state.waiting = None;
                return found;
            }
            state.waiting = Some((look, None));
            let timed_out = match until {
                Some(until) => self.more.wait_until(&mut state, until).timed_out(),
                None => {
                    self.more.wait(&mut state);
                    false
                }
            };
            if timed_out {
                state.waiting = None;
                return state.found(look).unwrap_or(false);
            }
        }
    }

    /// Ends when a writer may go on.
    pub(super) async fn ready(&self) {
        loop {
            let room = self.room_async.notified();
            let mut room = std::pin::pin!(room);
            // Before looking: what is made room for meanwhile is not missed.
            room.as_mut().enable();
            if !self.is_full(&self.state.lock()) {
                return;
            }
            room.await;
        }
    }

    /// Blocks until a writer may go on; whether it may.
    pub(super) fn wait_ready(&self, until: Instant) -> bool {
        let mut state = self.state.lock();
        while self.is_full(&state) {
            if self.room.wait_until(&mut state, until).timed_out() {
                return !self.is_full(&state);
            }
        }
        true
    }
}

/// Who is to be told of a change, once the lock is free.
enum Woken {
    Nobody,
    Thread,
    Task(Waker),
}

impl State {
    /// Whether there is what a reader looks for; `Some(false)` at the end.
    fn found(&self, look: Look) -> Option<bool> {
        let found = match look {
            Look::Any => !self.events.is_empty(),
            Look::Full => self.bytes >= self.gathered,
        };
        let is_over = match look {
            Look::Any => self.evicted && !self.eviction_noted,
            Look::Full => self.evicted,
        };
        if found {
            Some(true)
        } else if self.closed || is_over {
            Some(false)
        } else {
            None
        }
    }

    /// Who waits for what there is now.
    fn wake(&mut self) -> Woken {
        let found = |(look, _): &(Look, Option<Waker>)| self.found(*look).is_some();
        if !self.waiting.as_ref().is_some_and(found) {
            return Woken::Nobody;
        }
        match self.waiting.take() {
            Some((_, Some(waker))) => Woken::Task(waker),
            _ => Woken::Thread,
        }
    }

    fn append(&mut self, pushed: &Pushed<'_>, size: Size) {
        let kept = size
            .bytes
            .saturating_add(size.lines.saturating_mul(size_of::<u32>()));
        if let Some(Queued::Open(block)) = self.events.back_mut()
            && block.takes(pushed, size)
        {
            block.append(pushed);
            self.bytes += kept;
            return;
        }
        let is_likely_full = if self.events.is_empty() {
            self.was_ample
        } else {
            self.ends_amply()
        };
        let mut block = OpenBlock::begin(pushed, size, is_likely_full);
        block.append(pushed);
        self.events.push_back(Queued::Open(block));
        self.bytes += kept + BLOCK_OVERHEAD;
    }

    fn note_wait(&mut self) {
        if let Some(Queued::Open(block)) = self.events.back_mut() {
            block.note_wait();
        }
    }

    fn ends_amply(&self) -> bool {
        matches!(self.events.back(), Some(Queued::Open(block)) if block.is_ample())
    }

    /// Notes the end of a stream with what is kept of it; `false` where nothing is. Ends are no output
    /// that could be lost, and must not add up.
    fn end_stream(&mut self, pushed: &Pushed<'_>) -> bool {
        for queued in self.events.iter_mut().rev() {
            match queued {
                Queued::Open(block) if block.is_of(pushed) => {
                    block.end_stream();
                    return true;
                }
                // What was begun before something was lost has no end anyway.
                Queued::Event(TapEvent::Lost {
                    attempt, stream, ..
                }) if *attempt == pushed.attempt && *stream == pushed.stream => return true,
                _ => {}
            }
        }
        false
    }

    fn lose(&mut self, pushed: &Pushed<'_>, size: Size) {
        let (bytes_lost, lines_lost) = (size.bytes as u64, size.lines as u64);
        for queued in self.events.iter_mut().rev() {
            let Queued::Event(TapEvent::Lost {
                attempt,
                stream,
                bytes,
                lines,
            }) = queued
            else {
                break;
            };
            if *attempt == pushed.attempt && *stream == pushed.stream {
                *bytes += bytes_lost;
                *lines += lines_lost;
                return;
            }
        }
        self.events.push_back(Queued::Event(TapEvent::Lost {
            attempt: pushed.attempt,
            stream: pushed.stream,
            bytes: bytes_lost,
            lines: lines_lost,
        }));
    }
}
