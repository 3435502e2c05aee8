//! Waiting that can be ended from outside.
//!
//! The library's own scheduler sleeps in the operating system for as long as the guest says.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use wasi_common::sched::{RwEventFlags, Subscription};
use wasi_common::{Error, ErrorExt, Poll, WasiSched};

use super::clock::VirtualClock;
use crate::stop::Stop;

/// Lets a guest sleep until it is asked to stop.
pub(super) struct Waiting {
    stop: Arc<Stop>,
    /// Moves with each sleep, where the guest's time is not the host's.
    clock: Option<Arc<VirtualClock>>,
}

impl Waiting {
    pub(super) fn new(stop: Arc<Stop>, clock: Option<Arc<VirtualClock>>) -> Self {
        Self { stop, clock }
    }

    fn wait(&self, duration: Duration) -> Result<(), Error> {
        if !self.stop.sleep(duration) {
            // No guest sees this: the engine ends it when the call returns.
            return Err(Error::io());
        }
        if let Some(clock) = &self.clock {
            clock.advance(duration);
        }
        Ok(())
    }
}

#[async_trait]
impl WasiSched for Waiting {
    async fn poll_oneoff<'a>(&self, poll: &mut Poll<'a>) -> Result<(), Error> {
        let mut ready = false;
        for subscription in poll.rw_subscriptions() {
            // All a guest can hold are regular files, empty input and output that never blocks.
            if let Subscription::Read(file) | Subscription::Write(file) = subscription {
                let bytes = file.file.num_ready_bytes().unwrap_or_default().max(1);
                file.complete(bytes, RwEventFlags::empty());
                ready = true;
            }
        }
        if ready {
            return Ok(());
        }
        while let Some(left) = poll
            .earliest_clock_deadline()
            .and_then(|timer| timer.duration_until())
            .filter(|left| !left.is_zero())
        {
            self.wait(left)?;
        }
        Ok(())
    }

    async fn sched_yield(&self) -> Result<(), Error> {
        std::thread::yield_now();
        Ok(())
    }

    async fn sleep(&self, duration: Duration) -> Result<(), Error> {
        self.wait(duration)
    }
}
