//! Colours, where a terminal shows them.

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

pub(crate) const RED: Style = AnsiColor::Red.on_default();
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(crate) const DIM: Style = Style::new().dimmed();

/// The colours that slots take in turn. Red is for what went wrong.
pub(crate) const SLOTS: [Style; 6] = [
    AnsiColor::Cyan.on_default(),
    AnsiColor::Green.on_default(),
    AnsiColor::Magenta.on_default(),
    AnsiColor::Yellow.on_default(),
    AnsiColor::Blue.on_default(),
    AnsiColor::BrightCyan.on_default(),
];

/// Which of the standard streams show colours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Colours {
    pub(crate) stdout: bool,
    pub(crate) stderr: bool,
}

impl Colours {
    /// A stream shows them when it is a terminal and `NO_COLOR` is not set.
    pub(crate) fn detect() -> Self {
        Self {
            stdout: AutoStream::choice(&std::io::stdout()) != ColorChoice::Never,
            stderr: AutoStream::choice(&std::io::stderr()) != ColorChoice::Never,
        }
    }
}

/// `style` where colours are shown, and none where they are not.
pub(crate) fn when(colour: bool, style: Style) -> Style {
    if colour { style } else { Style::new() }
}
