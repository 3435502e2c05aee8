//! Messages about the program's own work, on standard error.

use std::fmt;

use anstyle::Style;
use solti_plugin_host::text::one_line;

use super::style::{RED, YELLOW};

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
    let style = colour.bold();
    let message = message.to_string();
    let message = one_line(&message);
    anstream::eprintln!("{style}{level}:{style:#} {message}");
}
