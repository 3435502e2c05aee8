//! The rehearsal: what the host would do with the plugin, done here first.

mod log;
mod work;

use std::fs::File;
use std::io;
use std::sync::Arc;

use super::descriptors::{Descriptors, aside};
use crate::foreign::Panics;
use crate::loader::connect::{self, Connection, Description};
use crate::loader::inspect::Requirements;
use crate::loader::open;
use crate::loader::probe::wire::{Answer, Request};
use crate::services::instruments::Instruments;
use crate::services::log::Records;
use crate::services::plugin_host;
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
        let answer = self
            .describe(request)
            .map_or_else(|refusal| refusal, Answer::Described);
        let changed = before.changed();
        if changed.is_empty() {
            answer
        } else {
            Answer::Descriptors { changed }
        }
    }

    fn describe(self, request: &Request) -> Result<Description, Answer> {
        // No other plugin is in this process that could be mistaken for it.
        let alone = Requirements::default();
        let module = open::open(&request.path, self.file, &request.plugin, &alone)
            .map_err(Answer::NotOpened)?;
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
        let records = Arc::new(Records::new(
            Arc::from(&*request.plugin),
            Arc::clone(&connection.log),
        ));
        let instruments = Arc::new(Instruments::default());
        let host = plugin_host::export(Arc::clone(&records), Arc::clone(&instruments), || {});
        let constructed = connect::construct(module, &request.plugin, host, &connection)
            .map_err(Answer::NotConnected)?;
        let description = Description::of(&constructed);
        let panics = Arc::new(Panics::new(&request.plugin, None));
        work::perform(constructed, records, instruments, panics, &log)
            .map_err(|reason| Answer::NotRehearsed { reason })?;
        Ok(description)
    }
}
