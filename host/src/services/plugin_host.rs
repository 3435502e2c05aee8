//! The host as a plugin sees it: its log and its run-id sequence.

use std::sync::Arc;

use abi_stable::erased_types::TD_Opaque;
use abi_stable::std_types::RStr;
use solti_plugin_abi::v1::host::{FfiHost, HostAbi, HostAbi_TO};
use solti_plugin_abi::v1::log::{FfiLogRecord, PANIC_TARGET, level};
use tracing::level_filters::LevelFilter;

use super::contain::contain;
use super::log::{PluginLog, PluginRecord};

/// Hands out the host to the plugin `plugin`; `on_panic` is called for each panic that the plugin
/// could only log.
pub(crate) fn export(
    plugin: Arc<str>,
    log: Arc<dyn PluginLog>,
    on_panic: impl Fn() + Send + Sync + 'static,
) -> FfiHost {
    let host = ExportedHost {
        plugin,
        log,
        on_panic: Box::new(on_panic),
    };
    HostAbi_TO::from_value(host, TD_Opaque)
}

struct ExportedHost {
    plugin: Arc<str>,
    log: Arc<dyn PluginLog>,
    on_panic: Box<dyn Fn() + Send + Sync>,
}

impl HostAbi for ExportedHost {
    fn next_run_seq(&self) -> u64 {
        solti_plugin_abi::next_seq()
    }

    fn max_log_level(&self) -> u32 {
        // Errors always cross: a panic is counted even where nobody reads the log.
        contain("log", 1, || {
            level::filter_code(self.log.max_level().max(LevelFilter::ERROR))
        })
    }

    fn log_enabled(&self, level: u32, target: RStr<'_>) -> bool {
        let target = target.as_str();
        target == PANIC_TARGET
            || contain("log", false, || {
                self.log.enabled(&self.plugin, level::level(level), target)
            })
    }

    fn log(&self, record: FfiLogRecord<'_>) {
        contain("log", (), || {
            if record.target.as_str() == PANIC_TARGET {
                (self.on_panic)();
            }
            self.log.record(&PluginRecord {
                plugin: &self.plugin,
                level: level::level(record.level),
                target: record.target.as_str(),
                message: record.message.as_str(),
                fields: record.fields.as_str(),
                spans: record.spans.as_str(),
                file: Some(record.file.as_str()).filter(|file| !file.is_empty()),
                line: Some(record.line).filter(|line| *line != 0),
            });
        });
    }
}
