//! What the plugin logs, kept for a test.

use std::sync::Mutex;

use solti_plugin_host::{PluginLog, PluginRecord};
use tracing::Level;
use tracing::level_filters::LevelFilter;

/// Keeps the events of one target, as message and fields.
pub(crate) struct Kept {
    target: &'static str,
    events: Mutex<Vec<String>>,
}

impl Kept {
    pub(crate) fn of(target: &'static str) -> Self {
        Self {
            target,
            events: Mutex::default(),
        }
    }

    pub(crate) fn events(&self) -> Vec<String> {
        self.events.lock().unwrap().clone()
    }
}

impl PluginLog for Kept {
    fn max_level(&self) -> LevelFilter {
        LevelFilter::DEBUG
    }

    fn enabled(&self, _plugin: &str, _level: Level, target: &str) -> bool {
        target == self.target
    }

    fn record(&self, record: &PluginRecord<'_>) {
        let mut event = record.message.to_owned();
        for (name, value) in record.fields {
            event.push_str(&format!(" {name}={value}"));
        }
        self.events.lock().unwrap().push(event);
    }
}
