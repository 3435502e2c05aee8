//! Colours, where a terminal shows them, and the words before a message.

use std::fmt;
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use solti_plugin_host::one_line;

pub(super) const RED: Style = AnsiColor::Red.on_default();
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(super) const DIM: Style = Style::new().dimmed();

/// The colours that slots take in turn. Red is for what went wrong.
pub(super) const SLOTS: [Style; 6] = [
    AnsiColor::Cyan.on_default(),
    AnsiColor::Green.on_default(),
    AnsiColor::Magenta.on_default(),
    AnsiColor::Yellow.on_default(),
    AnsiColor::Blue.on_default(),
    AnsiColor::BrightCyan.on_default(),
];

/// Whether standard output takes colours: a terminal, and `NO_COLOR` not set.
pub(super) fn stdout_has_colour() -> bool {
    AutoStream::choice(&std::io::stdout()) != ColorChoice::Never
}

/// Whether standard error takes colours.
pub(super) fn stderr_has_colour() -> bool {
    AutoStream::choice(&std::io::stderr()) != ColorChoice::Never
}

/// Prints why nothing, or something, could not be done.
pub(super) fn error(message: impl fmt::Display) {
    say(RED, "error", message);
}

/// Prints what is wrong but does not stop the rest.
pub(super) fn warning(message: impl fmt::Display) {
    say(YELLOW, "warning", message);
}

/// Prints a message on one line: files, plugins and specs are quoted in it.
fn say(colour: Style, word: &str, message: impl fmt::Display) {
    let style = colour.bold();
    let message = one_line(&message.to_string());
    anstream::eprintln!("{style}{word}:{style:#} {message}");
}

/// A time in the unit that suits it, with three digits or so.
pub(super) fn duration(duration: Duration) -> String {
    match duration.as_millis() {
        0 => format!("{duration:.0?}"),
        1..100 | 1_000..10_000 => format!("{duration:.1?}"),
        100..1_000 | 10_000..60_000 => format!("{duration:.0?}"),
        _ => humantime::format_duration(Duration::from_secs(duration.as_secs())).to_string(),
    }
}

/// A word after a number, in the plural where it must be.
pub(super) fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", indicatif::HumanCount(count))
}
