//! Messages about the program's own work, on standard error.

use std::fmt;
use std::io::Write as _;
use std::time::{Duration, SystemTime};

use anstyle::Style;
use parking_lot::Mutex;
use solti_plugin_host::report::Warning;
use solti_plugin_host::text::one_line;

use super::charset;
use super::stamp;
use super::style::{self, Colours, RED, YELLOW};
use crate::stdio::Stderr;

/// What whoever reads standard error gets to make room where nothing may hold up the end.
const ROOM_WITHIN: Duration = Duration::from_millis(500);

/// The warnings so far.
static TOLD: Mutex<Vec<Warning>> = Mutex::new(Vec::new());

/// Prints why something could not be done.
pub(crate) fn error(message: impl fmt::Display) {
    let line = line("error", RED, message);
    // Nobody is left to be told when standard error is gone.
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
pub(crate) fn only_print_warning(message: impl fmt::Display) {
    let line = line("warning", YELLOW, message);
    Stderr.write_all(line.as_bytes()).ok();
}

/// All warnings so far, for JSON.
pub(crate) fn warnings() -> Vec<Warning> {
    TOLD.lock().clone()
}

/// As [`error`], where the program is about to end: left out when standard error has no room.
pub(crate) fn last_error(message: impl fmt::Display) {
    let line = line("error", RED, message);
    Stderr.write_within(line.as_bytes(), ROOM_WITHIN).ok();
}

/// As [`warning`], where the program is about to end: left out when standard error has no room.
pub(crate) fn last_warning(warning: Warning) {
    let line = line("warning", YELLOW, &warning);
    keep(warning);
    Stderr.write_within(line.as_bytes(), ROOM_WITHIN).ok();
}

/// A message on one line: it quotes files, plugins and specs, which may hold any text.
fn line(level: &str, colour: Style, message: impl fmt::Display) -> String {
    let style = style::when(Colours::detect().stderr, colour.bold());
    let message = message.to_string();
    let message = one_line(&message);
    let message = charset::shown(&message);
    let stamp = stamp::before(SystemTime::now());
    format!("{stamp}{style}{level}:{style:#} {message}\n")
}
