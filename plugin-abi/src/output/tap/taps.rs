//! The taps of one task, and what they are told of its attempts.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Instant, SystemTime};

use parking_lot::{Mutex, RwLock};

use super::event::TapEvent;
use super::pushed::Pushed;
use super::queue::TapQueue;
use crate::output::backend::Pressure;

/// The taps of one task.
#[derive(Default)]
pub(in crate::output) struct Taps {
    /// The first that there was. Most tasks have no other, and a look at it takes no lock; when it has
    /// left it stays, empty.
    first: OnceLock<Arc<TapQueue>>,
    /// The length of `others`, for a look that costs one load.
    count: AtomicUsize,
    others: RwLock<Vec<Arc<TapQueue>>>,
    attempts: Mutex<Vec<Attempt>>,
}

/// What is known of an attempt until all its output is there.
struct Attempt {
    number: u32,
    sinks: usize,
    finished: bool,
}

impl Taps {
    pub(in crate::output) fn add(&self, queue: Arc<TapQueue>) {
        if let Err(queue) = self.first.set(queue) {
            let mut others = self.others.write();
            others.push(queue);
            self.forget_those_that_left(&mut others);
        }
    }

    fn forget_those_that_left(&self, others: &mut Vec<Arc<TapQueue>>) {
        others.retain(|queue| !queue.has_left());
        self.count.store(others.len(), Ordering::Release);
    }

    #[inline]
    fn first(&self) -> Option<&Arc<TapQueue>> {
        self.first.get().filter(|queue| !queue.has_left())
    }

    #[inline]
    fn has_others(&self) -> bool {
        self.count.load(Ordering::Acquire) > 0
    }

    /// Whether nobody takes output.
    #[inline]
    pub(in crate::output) fn is_empty(&self) -> bool {
        self.first().is_none() && !self.has_others()
    }

    fn each(&self, mut take: impl FnMut(&TapQueue)) {
        if let Some(first) = self.first() {
            take(first);
        }
        if !self.has_others() {
            return;
        }
        let mut any_has_left = false;
        for queue in &*self.others.read() {
            take(queue);
            any_has_left |= queue.has_left();
        }
        if any_has_left {
            self.forget_those_that_left(&mut self.others.write());
        }
    }

    fn all(&self) -> Vec<Arc<TapQueue>> {
        let first = self.first().into_iter();
        let others = self.others.read();
        first.chain(&*others).map(Arc::clone).collect()
    }

    pub(in crate::output) fn push(&self, pushed: &Pushed<'_>) -> Pressure {
        let mut pressure = Pressure::None;
        self.each(|queue| {
            if queue.push(pushed) == Pressure::Wait {
                pressure = Pressure::Wait;
            }
        });
        pressure
    }

    fn tell(&self, event: &TapEvent) {
        self.each(|queue| queue.tell_event(event.clone()));
    }

    pub(in crate::output) fn started(&self, attempt: u32, at: SystemTime) {
        if !self.is_empty() {
            self.tell(&TapEvent::Started { attempt, at });
        }
    }

    /// The supervisor has announced the end of an attempt.
    pub(in crate::output) fn finished(&self, number: u32, exit_code: Option<i32>, at: SystemTime) {
        let mut attempts = self.attempts.lock();
        let known = attempts.iter_mut().find(|it| it.number == number);
        let is_complete = known.as_ref().is_none_or(|it| it.sinks == 0);
        if let Some(known) = known {
            known.finished = true;
        }
        attempts.retain(|it| it.sinks > 0);
        self.tell(&TapEvent::Finished {
            attempt: number,
            exit_code,
            at,
        });
        if is_complete {
            self.complete(number);
        }
    }

    fn complete(&self, attempt: u32) {
        self.tell(&TapEvent::Complete {
            attempt,
            late: false,
        });
    }

    /// A sink of an attempt has been made.
    pub(in crate::output) fn sink_made(&self, number: u32) {
        let mut attempts = self.attempts.lock();
        match attempts.iter_mut().find(|it| it.number == number) {
            Some(attempt) => attempt.sinks += 1,
            None => attempts.push(Attempt {
                number,
                sinks: 1,
                finished: false,
            }),
        }
    }

    /// A sink of an attempt is gone.
    pub(in crate::output) fn sink_gone(&self, number: u32) {
        let mut attempts = self.attempts.lock();
        let Some(at) = attempts.iter().position(|it| it.number == number) else {
            return;
        };
        attempts[at].sinks -= 1;
        if attempts[at].sinks == 0 && attempts.swap_remove(at).finished {
            self.complete(number);
        }
    }

    /// There will be no further attempt.
    pub(in crate::output) fn evict(&self) {
        self.each(TapQueue::evict);
    }

    /// Ends when no tap is full.
    pub(in crate::output) async fn ready(&self) {
        if self.is_empty() {
            return;
        }
        for queue in self.all() {
            queue.ready().await;
        }
    }

    /// Blocks until no tap is full; whether none is.
    pub(in crate::output) fn wait_ready(&self, until: Instant) -> bool {
        self.is_empty() || self.all().iter().all(|queue| queue.wait_ready(until))
    }
}

impl Drop for Taps {
    fn drop(&mut self) {
        for queue in self.all() {
            queue.close();
        }
    }
}
