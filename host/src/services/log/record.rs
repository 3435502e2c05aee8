//! One event of a plugin, and who takes it.

use std::time::SystemTime;

use serde::Deserialize;
use serde_json::{Map, Value};
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
    /// When the event happened, by the plugin's clock.
    pub time: SystemTime,
    /// The event's level.
    pub level: Level,
    /// The event's own target.
    pub target: &'a str,
    /// The message; empty when there is none.
    pub message: &'a str,
    /// The other fields: numbers and truth values keep their types, everything else is text.
    pub fields: &'a Map<String, Value>,
    /// The spans around the event, outermost first.
    pub spans: &'a [PluginSpan],
    /// The id of the run in whose attempt the event happened.
    pub run_id: Option<&'a str>,
    /// The source file in the plugin.
    pub file: Option<&'a str>,
    /// The line in that file, from 1.
    pub line: Option<u32>,
}

/// A span around an event of a plugin.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct PluginSpan {
    /// Its name.
    pub name: String,
    /// Its fields, typed as those of an event.
    #[serde(default)]
    pub fields: Map<String, Value>,
}

/// Takes what plugins log with `tracing` and `log`.
///
/// The loader's default is [`TracingLog`](super::TracingLog). A plugin asks
/// [`enabled`](Self::enabled) once per call site and remembers the answer until
/// [`generation`](Self::generation) changes, so an event that nobody wants costs no call.
///
/// # Threads
///
/// [`record`](Self::record) is called on one thread of the host, for one record after the other, so it
/// may block: of each plugin 4096 records of 2 MiB altogether wait meanwhile, further ones are lost,
/// counted in [`Plugin::records_lost`](crate::Plugin::records_lost) and told by a record of their
/// own. What a plugin logs while it is connected is recorded on the thread that it logs on. The other
/// methods are called from the plugins' threads and must not block. One that panics loses the record,
/// no more.
///
/// An answer of a plugin, the end of an attempt among them, is passed on after the records it logged
/// before, unless the log takes longer than a tenth of a second.
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
