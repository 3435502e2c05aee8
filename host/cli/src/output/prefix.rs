//! What stands before a line: the task's slot, in a column, and a sign for the kind of line.

use std::collections::HashMap;

use anstyle::Style;
use solti_model::StreamKind;

use crate::present::charset::or_ascii;
use crate::present::style::{Colours, DIM, RED, SLOTS};

/// The widest slot that others are lined up with; a wider one sticks out.
const WIDEST: usize = 20;

/// The column of slots: as wide as its slots need, each slot in a colour of its own.
#[derive(Debug, Default)]
pub(crate) struct SlotColumn {
    width: usize,
    colours: HashMap<String, Style>,
}

/// What stands before the lines of one task.
#[derive(Debug)]
pub(crate) struct Prefixes {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// Of parts of a long line after the first, on either stream.
    continued: Vec<u8>,
    note: String,
}

impl SlotColumn {
    /// Makes room for a slot.
    pub(crate) fn reserve(&mut self, slot: &str) {
        self.width = self.width.max(slot.chars().count().min(WIDEST));
        let next = SLOTS[self.colours.len() % SLOTS.len()];
        self.colours.entry(slot.to_owned()).or_insert(next);
    }

    /// What stands before the lines of a task in `slot`.
    pub(crate) fn prefixes(&self, slot: &str, colours: Colours) -> Prefixes {
        Prefixes {
            stdout: self
                .prefix(slot, or_ascii("│", "|"), DIM, colours.stdout)
                .into_bytes(),
            stderr: self.prefix(slot, "!", RED, colours.stdout).into_bytes(),
            continued: self
                .prefix(slot, or_ascii("┊", ":"), DIM, colours.stdout)
                .into_bytes(),
            note: self.note_prefix(slot, colours),
        }
    }

    /// What stands before a note about `slot`.
    pub(crate) fn note_prefix(&self, slot: &str, colours: Colours) -> String {
        self.prefix(slot, or_ascii("·", "-"), DIM, colours.stderr)
    }

    fn prefix(&self, slot: &str, sign: &str, sign_style: Style, colour: bool) -> String {
        let width = self.width;
        if !colour {
            return format!("{slot:width$} {sign} ");
        }
        let slot_style = self.colours.get(slot).copied().unwrap_or_default();
        format!("{slot_style}{slot:width$}{slot_style:#} {sign_style}{sign}{sign_style:#} ")
    }
}

impl Prefixes {
    /// What stands before a line of this stream, or before one that continues the line before.
    pub(super) fn line(&self, stream: StreamKind, continues: bool) -> &[u8] {
        match stream {
            _ if continues => &self.continued,
            StreamKind::Stdout => &self.stdout,
            StreamKind::Stderr => &self.stderr,
        }
    }

    /// What stands before a note about the task.
    pub(super) fn note(&self) -> &str {
        &self.note
    }
}
