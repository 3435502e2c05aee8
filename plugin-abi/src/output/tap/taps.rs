//! The taps of one task, and what they are told of its attempts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Instant, SystemTime};

use parking_lot::{Mutex, RwLock};

use super::event::TapEvent;
use super::pushed::Pushed;
use super::queue::TapQueue;
use crate::output::backend::Pressure;

/// The taps of one task.
#[derive(Default)]
pub(in crate::output) struct Taps {
    /// The length of `list`, for a look that costs one load.
    count: AtomicUsize,
    list: RwLock<Vec<Arc<TapQueue>>>,
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
        let mut list = self.list.write();
        list.push(queue);
        self.forget_those_that_left(&mut list);
    }

    fn forget_those_that_left(&self, list: &mut Vec<Arc<TapQueue>>) {
        list.retain(|queue| !queue.has_left());
        self.count.store(list.len(), Ordering::Release);
    }

    /// Whether anybody takes output.
    pub(in crate::output) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Acquire) == 0
    }

    pub(in crate::output) fn push(&self, pushed: &Pushed<'_>) -> Pressure {
        let mut pressure = Pressure::None;
        let mut any_has_left = false;
        for queue in &*self.list.read() {
            if queue.push(pushed) == Pressure::Wait {
                pressure = Pressure::Wait;
            }
            any_has_left |= queue.has_left();
        }
        if any_has_left {
            self.forget_those_that_left(&mut self.list.write());
        }
        pressure
    }

    fn tell(&self, event: &TapEvent) {
        for queue in &*self.list.read() {
            queue.tell_event(event.clone());
        }
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
        for queue in &*self.list.read() {
            queue.evict();
        }
    }

    /// Ends when no tap is full.
    pub(in crate::output) async fn ready(&self) {
        if self.is_empty() {
            return;
        }
        let queues = self.list.read().clone();
        for queue in queues {
            queue.ready().await;
        }
    }

    /// Blocks until no tap is full; whether none is.
    pub(in crate::output) fn wait_ready(&self, until: Instant) -> bool {
        if self.is_empty() {
            return true;
        }
        let queues = self.list.read().clone();
        queues.iter().all(|queue| queue.wait_ready(until))
    }
}

impl Drop for Taps {
    fn drop(&mut self) {
        for queue in self.list.get_mut() {
            queue.close();
        }
    }
}
