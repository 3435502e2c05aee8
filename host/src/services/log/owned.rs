//! A record that waits: a copy of what a plugin has lent for the call.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};
use solti_plugin_abi::v1::log::{FfiLogRecord, level};
use tracing::Level;

use super::record::{PluginRecord, PluginSpan};

/// One event, as it crossed.
pub(super) struct OwnedRecord {
    time: SystemTime,
    level: Level,
    target: String,
    message: String,
    /// JSON, which is read when the record is taken: not on the plugin's thread.
    fields: String,
    spans: String,
    run_id: String,
    file: String,
    line: u32,
}

impl OwnedRecord {
    pub(super) fn of(record: &FfiLogRecord<'_>) -> Self {
        Self {
            time: UNIX_EPOCH + Duration::from_nanos(record.time_nanos),
            level: level::level(record.level),
            target: record.target.as_str().to_owned(),
            message: record.message.as_str().to_owned(),
            fields: record.fields.as_str().to_owned(),
            spans: record.spans.as_str().to_owned(),
            run_id: record.run_id.as_str().to_owned(),
            file: record.file.as_str().to_owned(),
            line: record.line,
        }
    }

    /// The memory of its texts, in bytes.
    pub(super) fn size(&self) -> usize {
        size_of::<Self>()
            + self.target.len()
            + self.message.len()
            + self.fields.len()
            + self.spans.len()
            + self.run_id.len()
            + self.file.len()
    }

    /// Shows `take` the record as one of this plugin.
    pub(super) fn show(&self, plugin: &str, take: impl FnOnce(&PluginRecord<'_>)) {
        let fields: Map<String, Value> = read(&self.fields);
        let spans: Vec<PluginSpan> = read(&self.spans);
        take(&PluginRecord {
            plugin,
            time: self.time,
            level: self.level,
            target: &self.target,
            message: &self.message,
            fields: &fields,
            spans: &spans,
            run_id: Some(&*self.run_id).filter(|id| !id.is_empty()),
            file: Some(&*self.file).filter(|file| !file.is_empty()),
            line: Some(self.line).filter(|line| *line != 0),
        });
    }
}

/// What is no such JSON says nothing: the message and the rest of the record are still there.
fn read<T: Default + serde::de::DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap_or_default()
}
