//! A clock that shows the same times in every run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cap_std::time::{Duration, Instant, SystemTime};
use wasi_common::{WasiClocks, WasiMonotonicClock, WasiSystemClock};

/// Where it begins: midnight of 1 January 2000 UTC, in seconds of the Unix epoch.
const BEGINNING: u64 = 946_684_800;
/// How far it moves with each look, so that a guest that waits by looking comes to an end.
const STEP: Duration = Duration::from_micros(1);

/// A clock that moves only by being looked at and slept by.
pub(super) struct VirtualClock {
    /// Stands for the beginning among instants, which cannot be made of nothing.
    origin: Instant,
    elapsed_ns: AtomicU64,
}

impl VirtualClock {
    pub(super) fn new() -> Self {
        Self {
            origin: Instant::from_std(std::time::Instant::now()),
            elapsed_ns: AtomicU64::new(0),
        }
    }

    /// The clocks that WASI has, all of them this one.
    pub(super) fn views(self: &Arc<Self>) -> WasiClocks {
        WasiClocks::new()
            .with_system(View(Arc::clone(self)))
            .with_monotonic(View(Arc::clone(self)))
    }

    /// Moves the clock by the length of a sleep.
    pub(super) fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        self.elapsed_ns.fetch_add(by, Ordering::Relaxed);
    }

    fn look(&self) -> Duration {
        self.advance(STEP);
        Duration::from_nanos(self.elapsed_ns.load(Ordering::Relaxed))
    }
}

struct View(Arc<VirtualClock>);

impl WasiSystemClock for View {
    fn resolution(&self) -> Duration {
        STEP
    }

    fn now(&self, _precision: Duration) -> SystemTime {
        let since_epoch = Duration::from_secs(BEGINNING) + self.0.look();
        SystemTime::from_std(std::time::SystemTime::UNIX_EPOCH + since_epoch)
    }
}

impl WasiMonotonicClock for View {
    fn resolution(&self) -> Duration {
        STEP
    }

    fn now(&self, _precision: Duration) -> Instant {
        self.0.origin + self.0.look()
    }
}
