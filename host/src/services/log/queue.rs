//! Records on their way from plugins to the log: so many of each plugin wait for the thread that writes
//! them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::Map;
use solti_plugin_abi::v1::log::FfiLogRecord;
use tracing::Level;

use super::owned::OwnedRecord;
use super::record::{PluginLog, PluginRecord};
use crate::services::contain::contain;
use crate::services::log_thread;

/// Records of one plugin that wait at most.
const MOST_RECORDS: usize = 4096;

/// The memory of the records of one plugin that wait, in bytes.
const MOST_BYTES: usize = 2 << 20;

/// How long an answer of a plugin waits for the records before it, at most: it may be a worker of the
/// host's that waits.
const SETTLES_WITHIN: Duration = Duration::from_millis(100);

/// How long no answer waits after one has waited in vain.
const STUCK_FOR: Duration = Duration::from_secs(5);

/// The target of the record that tells of lost ones.
const LOST_TARGET: &str = "solti_plugin_host::log";

/// What one plugin logs.
pub(crate) struct Records {
    plugin: Arc<str>,
    log: Arc<dyn PluginLog>,
    /// Whether records wait; until then they are taken on the thread that logs.
    queued: AtomicBool,
    begun: AtomicU64,
    done: AtomicU64,
    bytes: AtomicUsize,
    lost: AtomicU64,
    /// Those of `lost` that the log has not been told of.
    untold: AtomicU64,
    /// When somebody last waited in vain; for a while nobody does again.
    stuck_since: Mutex<Option<Instant>>,
}

impl Records {
    pub(crate) fn new(plugin: Arc<str>, log: Arc<dyn PluginLog>) -> Self {
        Self {
            plugin,
            log,
            queued: AtomicBool::new(false),
            begun: AtomicU64::new(0),
            done: AtomicU64::new(0),
            bytes: AtomicUsize::new(0),
            lost: AtomicU64::new(0),
            untold: AtomicU64::new(0),
            stuck_since: Mutex::new(None),
        }
    }

    pub(crate) fn plugin(&self) -> &str {
        &self.plugin
    }

    pub(crate) fn log(&self) -> &dyn PluginLog {
        &*self.log
    }

    /// From now on records wait: until then, while the plugin is constructed, what it logs last may be
    /// what explains its end.
    pub(crate) fn queue_from_now(&self) {
        self.queued.store(true, Ordering::Release);
    }

    /// How many records found no room.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Takes one record; never waits for whoever reads the log.
    pub(crate) fn push(self: &Arc<Self>, record: &FfiLogRecord<'_>) {
        let record = OwnedRecord::of(record);
        if !self.queued.load(Ordering::Acquire) {
            self.take(&record);
            return;
        }
        let size = record.size();
        let begun = self.begun.load(Ordering::Relaxed);
        let waiting = begun.saturating_sub(self.done.load(Ordering::Acquire));
        let has_room = waiting < MOST_RECORDS as u64
            && (waiting == 0 || self.bytes.load(Ordering::Relaxed) + size <= MOST_BYTES);
        if !has_room {
            self.lost.fetch_add(1, Ordering::Relaxed);
            self.untold.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(size, Ordering::Relaxed);
        let of = Arc::clone(self);
        log_thread::write(move || {
            of.take(&record);
            of.bytes.fetch_sub(size, Ordering::Relaxed);
            of.done.fetch_add(1, Ordering::AcqRel);
            of.tell_of_lost();
        });
    }

    /// Waits until the records so far have been taken, for [`SETTLES_WITHIN`] at most, and not at all for
    /// [`STUCK_FOR`] after it was in vain.
    pub(crate) fn settle(&self) {
        let begun = self.begun.load(Ordering::Relaxed);
        if self.done.load(Ordering::Acquire) >= begun {
            return;
        }
        let is_stuck = |since: &Instant| since.elapsed() < STUCK_FOR;
        if self.stuck_since.lock().as_ref().is_some_and(is_stuck) {
            return;
        }
        if !self.wait_for(begun, SETTLES_WITHIN) {
            *self.stuck_since.lock() = Some(Instant::now());
        }
    }

    /// Waits until the records so far have been taken; whether they have been.
    pub(crate) fn flush(&self, at_most: Duration) -> bool {
        self.wait_for(self.begun.load(Ordering::Relaxed), at_most)
    }

    fn wait_for(&self, begun: u64, at_most: Duration) -> bool {
        log_thread::wait(Instant::now() + at_most, || {
            self.done.load(Ordering::Acquire) >= begun
        })
    }

    fn take(&self, record: &OwnedRecord) {
        contain("log", (), || {
            record.show(&self.plugin, |record| self.log.record(record));
        });
    }

    /// Tells the log how many records did not reach it.
    fn tell_of_lost(&self) {
        let lost = self.untold.swap(0, Ordering::Relaxed);
        if lost == 0 {
            return;
        }
        let plural = if lost == 1 { "" } else { "s" };
        let message = format!(
            "the log takes records more slowly than the plugin writes them: {lost} record{plural} lost"
        );
        contain("log", (), || {
            if self.log.enabled(&self.plugin, Level::WARN, LOST_TARGET) {
                self.log.record(&PluginRecord {
                    plugin: &self.plugin,
                    time: std::time::SystemTime::now(),
                    level: Level::WARN,
                    target: LOST_TARGET,
                    message: &message,
                    fields: &Map::new(),
                    spans: &[],
                    run_id: None,
                    file: None,
                    line: None,
                });
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use abi_stable::std_types::RStr;
    use tracing::level_filters::LevelFilter;

    use super::*;

    /// A log that takes a record when it is told to, and keeps the messages.
    struct Slow {
        go: Mutex<Receiver<()>>,
        taken: Mutex<Vec<String>>,
    }

    impl PluginLog for Slow {
        fn max_level(&self) -> LevelFilter {
            LevelFilter::TRACE
        }
        fn enabled(&self, _: &str, _: Level, _: &str) -> bool {
            true
        }
        fn record(&self, record: &PluginRecord<'_>) {
            // Once nobody holds it back it takes what comes.
            let _ = self.go.lock().recv();
            self.taken.lock().push(record.message.to_owned());
        }
    }

    fn slow() -> (Arc<Slow>, Arc<Records>, Sender<()>) {
        let (go, held) = channel();
        let log = Arc::new(Slow {
            go: Mutex::new(held),
            taken: Mutex::default(),
        });
        let as_log: Arc<dyn PluginLog> = Arc::clone(&log) as _;
        let records = Arc::new(Records::new(Arc::from("demo"), as_log));
        records.queue_from_now();
        (log, records, go)
    }

    fn push(records: &Arc<Records>, message: &str) {
        let empty = RStr::from_str("");
        records.push(&FfiLogRecord {
            level: 3,
            line: 0,
            time_nanos: 0,
            target: empty,
            message: RStr::from_str(message),
            fields: RStr::from_str("{}"),
            spans: RStr::from_str("[]"),
            run_id: empty,
            file: empty,
        });
    }

    #[test]
    fn a_log_that_is_stuck_stops_no_plugin_and_losses_are_counted_and_told() {
        let (log, records, go) = slow();
        let began = Instant::now();
        let extra = 7;
        for number in 0..MOST_RECORDS + extra {
            push(&records, &number.to_string());
        }
        assert_eq!(records.lost(), extra as u64);
        // The first answer waits a moment, the next ones do not.
        for _ in 0..100 {
            records.settle();
        }
        assert!(began.elapsed() < Duration::from_secs(5));
        drop(go);
        assert!(records.flush(Duration::from_secs(60)));
        let taken = log.taken.lock();
        assert_eq!(taken[0], "0");
        assert_eq!(
            taken[1],
            "the log takes records more slowly than the plugin writes them: 7 records lost"
        );
        assert_eq!(taken.len(), MOST_RECORDS + 1);
    }

    #[test]
    fn long_records_wait_within_a_bound_of_bytes() {
        let (_log, records, _go) = slow();
        let long = "x".repeat(MOST_BYTES / 4);
        for _ in 0..8 {
            push(&records, &long);
        }
        // One may be with the log already; what waits beside it fits the bound.
        assert!((4..=5).contains(&records.lost()), "{}", records.lost());
    }

    #[test]
    fn records_come_in_order_and_before_what_is_answered_after_them() {
        let (log, records, go) = slow();
        drop(go);
        for number in 0..1000 {
            push(&records, &number.to_string());
        }
        assert!(records.flush(Duration::from_secs(60)));
        let expected: Vec<_> = (0..1000).map(|number| number.to_string()).collect();
        assert_eq!(*log.taken.lock(), expected);
    }
}
