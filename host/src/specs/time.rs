//! Times as people write them.

use std::time::Duration;

/// The milliseconds of a time such as `5s`, `500ms` or `1m 30s`; `None` where it is none, has parts
/// of a millisecond, or is longer than can be counted.
pub(super) fn millis(text: &str) -> Option<u64> {
    let time = humantime::parse_duration(text).ok()?;
    let millis = u64::try_from(time.as_millis()).ok()?;
    (Duration::from_millis(millis) == time).then_some(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_taken_as_written_or_not_at_all() {
        for (text, expected) in [
            ("5s", Some(5_000)),
            ("500ms", Some(500)),
            ("1m", Some(60_000)),
            ("1m 30s", Some(90_000)),
            ("2h", Some(7_200_000)),
            ("0s", Some(0)),
            ("60", None),
            ("", None),
            ("-5s", None),
            ("5 bananas", None),
            ("1us", None),
            ("1ms 1ns", None),
            ("99999999999999999999s", None),
            ("18446744073709551615s", None),
        ] {
            assert_eq!(millis(text), expected, "{text}");
        }
    }
}
