//! One event of a plugin, and who takes it.

use tracing::Level;
use tracing::level_filters::LevelFilter;

/// One event that a plugin has logged.
///
/// Its texts are borrowed for the call, and are the plugin's own, unchanged: they may have line
/// breaks, control characters and whatever else the plugin, or those who talk to it, put there.
/// Before they are printed they belong through [`text`](solti_plugin_abi::text), as [`TracingLog`]
/// does it.
///
/// [`TracingLog`]: super::TracingLog
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct PluginRecord<'a> {
    /// The plugin's name.
    pub plugin: &'a str,
    /// The event's level.
    pub level: Level,
    /// The event's own target.
    pub target: &'a str,
    /// The message; empty when there is none.
    pub message: &'a str,
    /// The other fields, as `name=value` separated by spaces.
    pub fields: &'a str,
    /// The spans around the event, outermost first, as `name{field=value}` joined by `:`.
    pub spans: &'a str,
    /// The source file in the plugin.
    pub file: Option<&'a str>,
    /// The line in that file, from 1.
    pub line: Option<u32>,
}

/// Takes what plugins log with `tracing` and `log`.
///
/// The loader's default is [`TracingLog`](super::TracingLog). A plugin asks
/// [`enabled`](Self::enabled) once per call site and remembers the answer until
/// [`generation`](Self::generation) changes, so an event that nobody wants costs no call.
///
/// Every method is called from the plugins' threads, within their tasks: it should not block. One
/// that panics loses the record, no more.
pub trait PluginLog: Send + Sync + 'static {
    /// The most verbose level that is ever wanted.
    fn max_level(&self) -> LevelFilter;

    /// Whether events of `level` and `target` are wanted from `plugin`.
    fn enabled(&self, plugin: &str, level: Level, target: &str) -> bool;

    /// Takes one event.
    fn record(&self, record: &PluginRecord<'_>);

    /// A number that changes whenever an answer of the other two may have changed.
    ///
    /// A plugin is told of it with its next task. The default never changes.
    fn generation(&self) -> u64 {
        0
    }
}
