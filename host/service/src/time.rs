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

/// A time that was stored.
pub(crate) fn at(millis: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis)
}

/// As people and programs read it, in UTC.
pub(crate) fn rfc3339(millis: u64) -> String {
    humantime::format_rfc3339_millis(at(millis)).to_string()
}
