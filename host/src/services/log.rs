//! What plugins log, and where it goes: by default into the host's `tracing` subscriber.

mod callsite;

use std::sync::atomic::Ordering;

use solti_plugin_abi::v1::log::level;
use tracing::Level;
use tracing::level_filters::LevelFilter;

/// One event of a plugin. Its texts are borrowed for the call.
#[derive(Debug, Clone, Copy)]
pub struct PluginRecord<'a> {
    /// The plugin's name.
    pub plugin: &'a str,
    /// The event's level.
    pub level: Level,
    /// The event's own target.
    pub target: &'a str,
    /// The message, empty when there is none.
    pub message: &'a str,
    /// The other fields, as `name=value` separated by blanks.
    pub fields: &'a str,
    /// The spans around the event, outermost first, as `name{field=value}` joined by `:`.
    pub spans: &'a str,
    /// The source file in the plugin.
    pub file: Option<&'a str>,
    /// The line in it.
    pub line: Option<u32>,
}

/// Takes what plugins log with `tracing` and `log`.
///
/// The loader's default is [`TracingLog`]. A plugin asks `enabled` once per call site and remembers
/// the answer until [`generation`](Self::generation) changes, so an unwanted event costs no call.
pub trait PluginLog: Send + Sync + 'static {
    /// The most verbose level that is ever wanted.
    fn max_level(&self) -> LevelFilter;

    /// Whether events of `level` and `target` are wanted from `plugin`.
    fn enabled(&self, plugin: &str, level: Level, target: &str) -> bool;

    /// Takes one event.
    fn record(&self, record: &PluginRecord<'_>);

    /// A number that changes whenever an answer of the other two may have changed. A plugin is
    /// told when it is given its next task.
    fn generation(&self) -> u64 {
        0
    }
}

/// Passes plugins' events to the host's `tracing` subscriber.
///
/// An event keeps its level and its target, so the host's filters apply to it as to the host's own.
/// It has the fields `message`, `plugin`, and, where there are any, `fields` and `spans`.
#[derive(Debug, Clone, Copy, Default)]
pub struct TracingLog;

impl PluginLog for TracingLog {
    fn max_level(&self) -> LevelFilter {
        LevelFilter::current()
    }

    fn enabled(&self, _plugin: &str, level: Level, target: &str) -> bool {
        level <= LevelFilter::current() && callsite::of(level, target).is_enabled()
    }

    fn record(&self, record: &PluginRecord<'_>) {
        callsite::of(record.level, record.target).dispatch(record);
    }

    fn generation(&self) -> u64 {
        // An event above the current level is refused without a call site, so the level counts too.
        let level = level::filter_code(LevelFilter::current());
        callsite::GENERATION.load(Ordering::Acquire) << 3 | u64::from(level)
    }
}
