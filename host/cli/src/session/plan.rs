//! What is to be run, and how.

use std::collections::HashSet;
use std::os::fd::OwnedFd;

use tokio::sync::mpsc;

use crate::args::SessionArgs;
use crate::output::Format;
use crate::specs::{PlacedSpec, SpecResult};

/// Slots that are expected of standard input, of which nothing is known beforehand.
const SLOTS_OF_STDIN: usize = 256;

/// What is to be run, and how.
pub(crate) struct Plan<'a> {
    pub(crate) session: &'a SessionArgs,
    /// What the output looks like.
    pub(crate) format: Format,
    /// Tasks that may run at the same time; 0 for any number.
    pub(crate) jobs: usize,
    /// Times a failed task is tried again; 0 for any number.
    pub(crate) retries: u32,
    pub(crate) tasks: Vec<PlacedSpec>,
    /// The standard input of the only task.
    pub(crate) stdin: Option<OwnedFd>,
    /// Whether the program ends as its only task does.
    pub(crate) is_command: bool,
    /// Specs that arrive later.
    pub(crate) arriving: Option<mpsc::Receiver<SpecResult>>,
    /// What was wrong with specs so far; it has been printed.
    pub(crate) problems: Vec<String>,
}

impl Plan<'_> {
    /// Tasks that may have a channel at the same time.
    pub(super) fn concurrency(&self) -> usize {
        let slots: HashSet<_> = self.tasks.iter().map(|task| task.spec.slot()).collect();
        let of_stdin = self.arriving.as_ref().map_or(0, |_| SLOTS_OF_STDIN);
        let slots = slots.len() + of_stdin;
        match self.jobs {
            0 => slots,
            jobs => slots.min(jobs),
        }
    }
}
