//! Durations and numbers as they stand in a sentence.

use std::time::Duration;

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
