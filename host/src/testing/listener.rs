//! Hears what a loaded plugin logs.

use std::sync::Arc;

use parking_lot::Mutex;
use solti_plugin_abi::testing::{Heard, Log};
use tracing::Level;
use tracing::level_filters::LevelFilter;

use crate::{PluginLog, PluginRecord};

/// Passes on what a plugin logs to the tests that run it now.
#[derive(Debug, Default)]
pub(super) struct Listener {
    hearing: Mutex<Vec<Arc<Heard>>>,
}

impl Listener {
    pub(super) fn begin(&self, heard: &Arc<Heard>) {
        self.hearing.lock().push(Arc::clone(heard));
    }

    pub(super) fn end(&self, heard: &Arc<Heard>) {
        self.hearing
            .lock()
            .retain(|other| !Arc::ptr_eq(other, heard));
    }
}

impl PluginLog for Listener {
    fn max_level(&self) -> LevelFilter {
        LevelFilter::TRACE
    }

    fn enabled(&self, _: &str, _: Level, _: &str) -> bool {
        true
    }

    fn record(&self, record: &PluginRecord<'_>) {
        for heard in &*self.hearing.lock() {
            heard.log(Log {
                level: record.level,
                target: record.target.to_owned(),
                message: record.message.to_owned(),
                fields: record.fields.clone(),
            });
        }
    }
}
