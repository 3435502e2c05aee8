//! The log that a plugin has in a probe.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use solti_plugin_abi::v1::rehearsal::TARGET;
use tracing::Level;
use tracing::level_filters::LevelFilter;

use crate::services::log::{PluginLog, PluginRecord};

/// Errors that a plugin logs go where the host looks when the process dies. While it works, it is asked
/// for everything else, too: the code that makes records is tried.
#[derive(Debug, Default)]
pub(super) struct ProbeLog {
    is_at_work: AtomicBool,
}

impl ProbeLog {
    /// From now on every record is wanted.
    pub(super) fn expect_work(&self) {
        self.is_at_work.store(true, Ordering::Relaxed);
    }

    fn is_at_work(&self) -> bool {
        self.is_at_work.load(Ordering::Relaxed)
    }
}

impl PluginLog for ProbeLog {
    fn max_level(&self) -> LevelFilter {
        if self.is_at_work() {
            LevelFilter::TRACE
        } else {
            LevelFilter::ERROR
        }
    }

    fn enabled(&self, _: &str, level: Level, _: &str) -> bool {
        level == Level::ERROR || self.is_at_work()
    }

    fn record(&self, record: &PluginRecord<'_>) {
        // That of the task which is tried is no last word.
        if record.level == Level::ERROR && record.target != TARGET {
            writeln!(io::stderr(), "{}", record.message).ok();
        }
    }

    fn generation(&self) -> u64 {
        self.is_at_work().into()
    }
}
