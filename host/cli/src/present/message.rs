//! Messages about the program's own work, on standard error.

use std::fmt;
use std::io::Write as _;
use std::time::SystemTime;

use anstyle::Style;
use solti_plugin_host::text::one_line;

use super::charset;
use super::stamp;
use super::style::{self, Colours, RED, YELLOW};
use crate::stdio::Stderr;

/// Prints why something could not be done.
pub(crate) fn error(message: impl fmt::Display) {
    print("error", RED, message);
}

/// Prints what is wrong but stops nothing.
pub(crate) fn warning(message: impl fmt::Display) {
    print("warning", YELLOW, message);
}

/// Prints a message on one line: it quotes files, plugins and specs, which may hold any text.
fn print(level: &str, colour: Style, message: impl fmt::Display) {
    let style = style::when(Colours::detect().stderr, colour.bold());
    let message = message.to_string();
    let message = one_line(&message);
    let message = charset::shown(&message);
    let stamp = stamp::before(SystemTime::now());
    let line = format!("{stamp}{style}{level}:{style:#} {message}\n");
    // Nobody is left to be told when standard error is gone.
    Stderr.write_all(line.as_bytes()).ok();
}
