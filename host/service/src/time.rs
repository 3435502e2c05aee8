//! Points in time as they are stored and shown.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
pub(crate) fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The milliseconds of now.
pub(crate) fn now() -> u64 {
    millis(SystemTime::now())
}

/// A point in time, or how long ago one is, as people write it: `2026-01-31T12:00:00Z` or `5m`; in milliseconds
/// since 1970. None for another text.
#[must_use]
pub fn moment(text: &str) -> Option<u64> {
    if let Ok(ago) = humantime::parse_duration(text) {
        return SystemTime::now().checked_sub(ago).map(millis);
    }
    humantime::parse_rfc3339_weak(text).ok().map(millis)
}

/// A time that was stored.
pub(crate) fn at(millis: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis)
}

/// As people and programs read it, in UTC.
pub(crate) fn rfc3339(millis: u64) -> String {
    humantime::format_rfc3339_millis(at(millis)).to_string()
}
