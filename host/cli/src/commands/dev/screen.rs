//! What is said of the rounds, on standard error.

use std::io::{IsTerminal as _, Write as _, stderr, stdout};
use std::path::Path;

use crate::present::message;
use crate::present::phrase::path;
use crate::stdio::Stderr;

/// Puts the cursor at the top and clears what is below; what has scrolled away stays to be read.
const CLEAR: &[u8] = b"\x1b[H\x1b[2J";

/// Shows the cursor and ends colours, which a step that was killed may have left otherwise.
const AS_IT_WAS: &[u8] = b"\x1b[?25h\x1b[0m";

/// Where it is said: a terminal, or whatever takes lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Screen {
    is_terminal: bool,
}

impl Screen {
    /// A terminal is one that shows all of it: the lines of tasks go to standard output.
    pub(super) fn detect() -> Self {
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        Self {
            is_terminal: stderr().is_terminal() && stdout().is_terminal() && !is_dumb,
        }
    }

    /// Makes room for a round.
    pub(super) fn clear(self) {
        if self.is_terminal {
            // Nobody is left to be told when standard error is gone; so below.
            Stderr.write_all(CLEAR).ok();
        }
    }

    /// Leaves a terminal as it was.
    pub(super) fn leave(self) {
        if self.is_terminal {
            Stderr.write_all(AS_IT_WAS).ok();
        }
    }

    /// Says which source has begun the round.
    pub(super) fn changed(self, file: &Path) {
        self.step(&format!("{} has changed", path(file)));
    }

    /// Says what is being done.
    pub(super) fn step(self, text: &str) {
        message::progress("dev", text);
    }

    /// Says how the round ended.
    pub(super) fn over(self, told: &str, is_waiting: bool) {
        let waiting = "; waiting for a change, Ctrl-C to end";
        self.step(&format!("{told}{}", if is_waiting { waiting } else { "" }));
    }
}
