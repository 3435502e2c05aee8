//! The time before a line, where that is asked for.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

/// Whether it is asked for. The command line says so once, before anything is printed.
static WANTED: AtomicBool = AtomicBool::new(false);

/// Has the time stand before each line from now on.
pub(crate) fn want() {
    WANTED.store(true, Ordering::Relaxed);
}

/// What stands before a line of this time: the time and a blank, or nothing.
pub(crate) fn before(time: SystemTime) -> Stamp {
    Stamp(WANTED.load(Ordering::Relaxed).then_some(time))
}

/// A time, as text.
pub(crate) fn of(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}

/// What stands before a line.
pub(crate) struct Stamp(Option<SystemTime>);

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            // Before 1970 and after 9999 there is no such text.
            Some(time) if time >= SystemTime::UNIX_EPOCH => {
                write!(f, "{} ", humantime::format_rfc3339_millis(time))
            }
            _ => Ok(()),
        }
    }
}

/// The time of a record of the log.
pub(crate) struct OfRecord;

impl FormatTime for OfRecord {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let now = humantime::format_rfc3339_millis(SystemTime::now());
        write!(writer, "{now}")
    }
}
