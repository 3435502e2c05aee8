//! The rehearsal: what the host would do with the plugin, done here first.

use std::fs::File;
use std::io::{self, Write as _};
use std::sync::Arc;

use tracing::Level;
use tracing::level_filters::LevelFilter;

use super::descriptors::{Descriptors, aside};
use crate::loader::connect::{self, Connection, Description};
use crate::loader::inspect::Requirements;
use crate::loader::open;
use crate::loader::probe::wire::{Answer, Request};
use crate::services::log::{PluginLog, PluginRecord, Records};
use crate::services::plugin_host;

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

    /// Opens and connects the plugin, has it drop what it made, and looks at what that has changed.
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
        let connection = Connection {
            config: request.config.clone(),
            worker_threads: request.worker_threads,
            // What outlives the host is not a probe's to change.
            state_dir: None,
            grace_ms: 0,
            open_files: None,
            log: Arc::new(LastMessages),
        };
        let records = Records::new(Arc::from(&*request.plugin), Arc::clone(&connection.log));
        let host = plugin_host::export(Arc::new(records), Arc::default(), || {});
        let plugin = connect::construct(module, &request.plugin, host, &connection)
            .map_err(Answer::NotConnected)?;
        let description = Description::of(&plugin);
        // The host drops its runners, too: when it ends, or when what comes after refuses the plugin.
        drop(plugin);
        Ok(description)
    }
}

/// Errors that a plugin logs go where the host looks when the process dies.
struct LastMessages;

impl PluginLog for LastMessages {
    fn max_level(&self) -> LevelFilter {
        LevelFilter::ERROR
    }

    fn enabled(&self, _: &str, level: Level, _: &str) -> bool {
        level == Level::ERROR
    }

    fn record(&self, record: &PluginRecord<'_>) {
        writeln!(io::stderr(), "{}", record.message).ok();
    }
}
