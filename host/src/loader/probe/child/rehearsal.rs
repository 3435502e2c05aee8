//! The rehearsal: what the host would do with the plugin, done here first.

mod log;
mod work;

use std::fs::File;
use std::io;
use std::sync::Arc;

use super::descriptors::{Descriptors, aside};
use crate::loader::connect::{self, Connection};
use crate::loader::inspect::Requirements;
use crate::loader::open;
use crate::loader::probe::wire::{Answer, Request};
use log::ProbeLog;

/// A plugin that is about to run for the first time.
pub(super) struct Rehearsal {
    /// What opens the plugin keeps it open.
    file: File,
}

impl Rehearsal {
    /// That of the plugin whose file is standard input.
    pub(super) fn of_stdin() -> io::Result<Self> {
        let file = aside(io::stdin())?.into();
        Ok(Self { file })
    }

    /// Opens and connects the plugin, has it run a task of its SDK's and drop what it made, and looks at
    /// what that has changed.
    pub(super) fn perform(self, request: &Request) -> Answer {
        let before = Descriptors::note();
        let answer = match self.work(request) {
            Ok(()) => Answer::Passed,
            Err(refusal) => refusal,
        };
        let changed = before.changed();
        if changed.is_empty() {
            answer
        } else {
            Answer::Descriptors { changed }
        }
    }

    fn work(self, request: &Request) -> Result<(), Answer> {
        let stamp = &request.stamp;
        let name = &stamp.plugin;
        // No other plugin is in this process that could be mistaken for it.
        let alone = Requirements::default();
        let module =
            open::open(&request.path, self.file, name, &alone, None).map_err(Answer::NotOpened)?;
        let log = Arc::new(ProbeLog::default());
        let connection = Connection {
            config: request.config.clone(),
            worker_threads: request.worker_threads,
            // What outlives the host is not a probe's to change.
            state_dir: None,
            grace_ms: 0,
            open_files: None,
            log: Arc::clone(&log) as _,
        };
        let connected = connect::connect(module, name, stamp, connection, None)
            .map_err(Answer::NotConnected)?;
        work::perform(connected, &log).map_err(|reason| Answer::NotRehearsed { reason })
    }
}
