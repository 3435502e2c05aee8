//! Messages about the program's own work, on standard error.

use std::fmt;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{Value, json};
use solti_plugin_host::report::Warning;
use solti_plugin_host::text::one_line;

use super::charset;
use super::stamp;
#[cfg(feature = "dev")]
use super::style::SLOTS;
use super::style::{self, Colours, RED, YELLOW};
use crate::stdio::Stderr;

/// What whoever reads standard error gets to make room where nothing may hold up the end.
const ROOM_WITHIN: Duration = Duration::from_millis(500);

/// The warnings so far.
static TOLD: Mutex<Vec<Warning>> = Mutex::new(Vec::new());

/// Prints why something could not be done.
pub(crate) fn error(message: impl fmt::Display + Serialize) {
    let line = line(Level::Error, message);
    // Nobody is left to be told when standard error is gone.
    Stderr.write_all(line.as_bytes()).ok();
}

/// Prints what is being done by the command of this name.
#[cfg(feature = "dev")]
pub(crate) fn progress(of: &'static str, message: &str) {
    let line = line(Level::Progress(of), message);
    Stderr.write_all(line.as_bytes()).ok();
}

/// Prints what is wrong but stops nothing, and keeps it for [`warnings`].
pub(crate) fn warning(warning: Warning) {
    // First of all: a standard error that is full may keep the rest waiting.
    keep(warning.clone());
    only_print_warning(warning);
}

/// Keeps for [`warnings`] what is printed later.
pub(crate) fn keep(warning: Warning) {
    TOLD.lock().push(warning);
}

/// Prints what is wrong but stops nothing, where no JSON is made or it has that in a field of its own.
pub(crate) fn only_print_warning(message: impl fmt::Display + Serialize) {
    let line = line(Level::Warning, message);
    Stderr.write_all(line.as_bytes()).ok();
}

/// All warnings so far, for JSON.
pub(crate) fn warnings() -> Vec<Warning> {
    TOLD.lock().clone()
}

/// As [`error`], where the program is about to end: left out when standard error has no room.
pub(crate) fn last_error(message: impl fmt::Display + Serialize) {
    let line = line(Level::Error, message);
    Stderr.write_within(line.as_bytes(), ROOM_WITHIN).ok();
}

/// As [`warning`], where the program is about to end: left out when standard error has no room.
pub(crate) fn last_warning(warning: Warning) {
    let line = line(Level::Warning, &warning);
    keep(warning);
    Stderr.write_within(line.as_bytes(), ROOM_WITHIN).ok();
}

/// Whether messages are objects of JSON, as the records of the log are.
static AS_JSON: AtomicBool = AtomicBool::new(false);

/// Has messages be objects of JSON, as the records of the log are.
pub(crate) fn as_json() {
    AS_JSON.store(true, Ordering::Relaxed);
}

/// A message on one line: it quotes files, plugins and specs, which may hold any text.
fn line(level: Level, message: impl fmt::Display + Serialize) -> String {
    let now = SystemTime::now();
    if AS_JSON.load(Ordering::Relaxed) {
        return record(level, now, &message).to_string() + "\n";
    }
    let (name, colour) = match level {
        Level::Error => ("error", RED),
        Level::Warning => ("warning", YELLOW),
        #[cfg(feature = "dev")]
        Level::Progress(of) => (of, SLOTS[0]),
    };
    let style = style::when(Colours::detect().stderr, colour.bold());
    let message = message.to_string();
    let message = one_line(&message);
    let message = charset::shown(&message);
    let stamp = stamp::before(now);
    format!("{stamp}{style}{name}:{style:#} {message}\n")
}

/// A message as a record of the log, with what else is known of it.
fn record(level: Level, now: SystemTime, message: &(impl fmt::Display + Serialize)) -> Value {
    let mut record = json!({
        "timestamp": stamp::of(now),
        "level": match level {
            Level::Error => "ERROR",
            Level::Warning => "WARN",
            #[cfg(feature = "dev")]
            Level::Progress(_) => "INFO",
        },
        "target": "solti_host",
    });
    if let Ok(Value::Object(fields)) = serde_json::to_value(message) {
        for (name, value) in fields {
            record[name] = value;
        }
    }
    record["message"] = message.to_string().into();
    record
}

/// How bad it is.
#[derive(Clone, Copy)]
enum Level {
    Error,
    Warning,
    /// Nothing is wrong: what the command of this name does.
    #[cfg(feature = "dev")]
    Progress(&'static str),
}
