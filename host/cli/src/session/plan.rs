//! What is to be run, and how.

use std::collections::HashSet;
use std::os::fd::OwnedFd;

use solti_plugin_host::report::Warning;
use tokio::sync::mpsc;

use crate::args::SessionArgs;
use crate::open_files;
use crate::output::Format;
use crate::present::{message, phrase};
use solti_plugin_host::specs::{PlacedSpec, SpecResult};

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
    /// Lets no more tasks run at the same time than there is `room` for, and says so where it makes a
    /// difference.
    pub(super) fn fit_to(&mut self, room: usize) {
        let wanted = match self.jobs {
            0 => self.slots(),
            jobs => jobs.min(self.slots()),
        };
        if wanted > room {
            let limit = open_files::limit().unwrap_or_default();
            message::warning(Warning::new(
                "open_files",
                format!(
                    "the limit on open files ({limit}) has room for {} at a time: the others wait; raise \
                 it (ulimit -n), or ask for fewer (--jobs)",
                    phrase::counted(room as u64, "task")
                ),
            ));
        }
        self.jobs = match self.jobs {
            0 if room == usize::MAX => 0,
            0 => room,
            jobs => jobs.min(room),
        };
    }

    /// Slots that tasks are known for.
    fn slots(&self) -> usize {
        let slots: HashSet<_> = self.tasks.iter().map(|task| task.spec.slot()).collect();
        slots.len()
    }

    /// Tasks that may have a channel at the same time.
    pub(super) fn concurrency(&self) -> usize {
        let of_stdin = self.arriving.as_ref().map_or(0, |_| SLOTS_OF_STDIN);
        let slots = self.slots() + of_stdin;
        match self.jobs {
            0 => slots,
            jobs => slots.min(jobs),
        }
    }
}
