//! Durations, numbers and paths as they stand in a sentence.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;

use solti_plugin_host::text::escape_bytes;

/// A duration in the unit that suits it, with about three digits.
pub(crate) fn duration(duration: Duration) -> String {
    match duration.as_millis() {
        0 => format!("{duration:.0?}"),
        1..100 | 1_000..10_000 => format!("{duration:.1?}"),
        100..1_000 | 10_000..60_000 => format!("{duration:.0?}"),
        _ => humantime::format_duration(Duration::from_secs(duration.as_secs())).to_string(),
    }
}

/// A number and its noun, in the plural where it must be: `1 line`, `1,000 lines`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", indicatif::HumanCount(count))
}

/// A path, with whatever in it would act on the terminal written out.
pub(crate) fn path(path: &Path) -> String {
    escape_bytes(path.as_os_str().as_bytes()).into_owned()
}
