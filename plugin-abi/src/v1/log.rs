//! One event of a plugin's log.

use abi_stable::StableAbi;
use abi_stable::std_types::RStr;

/// The target of an event that reports a panic with no caller to return an error to: in a
/// destructor, or on a thread or in a task that the plugin has started itself.
///
/// A host counts such an event as a panic of the plugin, so it crosses whatever the host's log
/// filter says.
pub const PANIC_TARGET: &str = "solti_plugin_abi::panic";

/// One event. Every text is borrowed for the call only.
#[repr(C)]
#[derive(StableAbi, Debug, Clone, Copy)]
pub struct FfiLogRecord<'a> {
    /// One of [`level`].
    pub level: u32,
    /// The source line, 0 when unknown.
    pub line: u32,
    /// When it happened, in nanoseconds since 1970-01-01 UTC.
    pub time_nanos: u64,
    /// The event's own target, as the author's code has it.
    pub target: RStr<'a>,
    /// The message, empty when the event has none.
    pub message: RStr<'a>,
    /// The other fields as a JSON object, `{}` when there are none: numbers and truth values keep
    /// their types, everything else is text.
    pub fields: RStr<'a>,
    /// The spans around the event, outermost first: a JSON array of objects with `name` and `fields`,
    /// `[]` when there are none.
    pub spans: RStr<'a>,
    /// The id of the run whose attempt it happened in, empty when there is none.
    pub run_id: RStr<'a>,
    /// The source file, empty when unknown.
    pub file: RStr<'a>,
}

/// Log levels on the wire. A more verbose one has a greater number.
pub mod level {
    use tracing::Level;
    use tracing::level_filters::LevelFilter;

    /// The number of a level.
    #[must_use]
    pub fn code(level: Level) -> u32 {
        match level {
            Level::ERROR => 1,
            Level::WARN => 2,
            Level::INFO => 3,
            Level::DEBUG => 4,
            Level::TRACE => 5,
        }
    }

    /// The number of a filter: that of the most verbose level it lets through, 0 for none.
    #[must_use]
    pub fn filter_code(filter: LevelFilter) -> u32 {
        filter.into_level().map_or(0, code)
    }

    /// The filter of a number. A greater one than is known lets everything through.
    #[must_use]
    pub fn filter(code: u32) -> LevelFilter {
        match code {
            0 => LevelFilter::OFF,
            1 => LevelFilter::ERROR,
            2 => LevelFilter::WARN,
            3 => LevelFilter::INFO,
            4 => LevelFilter::DEBUG,
            _ => LevelFilter::TRACE,
        }
    }

    /// The level of a number. An unknown one counts as the most verbose.
    #[must_use]
    pub fn level(code: u32) -> Level {
        filter(code.max(1)).into_level().unwrap_or(Level::TRACE)
    }
}
