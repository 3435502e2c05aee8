//! Durations, numbers and paths as they stand in a sentence.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;

use solti_plugin_host::text::escape_bytes;

use super::charset;

/// What stands behind the first of several things: nothing, or how many others there are.
pub(crate) fn and_others(others: usize) -> String {
    match others {
        0 => String::new(),
        others => format!(" and {}", counted(others as u64, "other")),
    }
}

/// A duration in the unit that suits it, with about three digits.
pub(crate) fn duration(duration: Duration) -> String {
    match duration.as_millis() {
        0 => format!("{duration:.0?}").replace('µ', charset::or_ascii("µ", "u")),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_about_three_digits_whatever_its_size() {
        for (micros, text) in [
            (250, "250µs"),
            (1_500, "1.5ms"),
            (99_940, "99.9ms"),
            (250_000, "250ms"),
            (1_500_000, "1.5s"),
            (12_345_678, "12s"),
            (61_999_999, "1m 1s"),
            (90 * 60 * 1_000_000, "1h 30m"),
        ] {
            assert_eq!(duration(Duration::from_micros(micros)), text);
        }
    }

    #[test]
    fn only_one_is_singular() {
        assert_eq!(counted(0, "line"), "0 lines");
        assert_eq!(counted(1, "line"), "1 line");
        assert_eq!(counted(1_234_567, "line"), "1,234,567 lines");
    }
}
