//! How many scripts run at once, and connections that are used again.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Config;
use crate::connection::{FileId, Opened, open};
use crate::fault::Fault;
use crate::script::Database;

/// What all tasks share.
pub(crate) struct Pool {
    config: Config,
    turns: Arc<Semaphore>,
    /// Those that nobody has, the oldest first.
    idle: Mutex<Vec<(Database, Opened)>>,
}

impl Pool {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(config.max_connections.get())),
            idle: Mutex::new(Vec::new()),
            config,
        }
    }

    /// Waits until a script may run. Whoever waits longest is next.
    pub(crate) async fn turn(&self) -> OwnedSemaphorePermit {
        let turns = Arc::clone(&self.turns);
        turns.acquire_owned().await.expect("nobody closes it")
    }

    /// A connection for a script that may run, kept or new. Blocks.
    ///
    /// # Errors
    ///
    /// [`Fault::Unopened`].
    pub(crate) fn take(&self, database: &Database) -> Result<Opened, Fault> {
        let kept = self.kept(database);
        match kept {
            Some(opened) => Ok(opened),
            None => open(database, &self.config),
        }
    }

    fn kept(&self, database: &Database) -> Option<Opened> {
        let path = database.path.as_deref()?;
        let file = FileId::of(path)?;
        let mut stale = Vec::new();
        let mut idle = self.idle.lock();
        let mut at = idle.len();
        let mut found = None;
        while at > 0 && found.is_none() {
            at -= 1;
            if idle[at].0 != *database {
                continue;
            }
            let (_, opened) = idle.remove(at);
            // What was written through it would be in a file that has no name any more.
            if opened.file == Some(file) {
                found = Some(opened);
            } else {
                stale.push(opened);
            }
        }
        drop(idle);
        found
    }

    /// Takes back a connection that is as it was opened; another is closed.
    pub(crate) fn give_back(&self, database: &Database, opened: Opened) {
        let is_as_it_was = !opened.rules.is_changed() && opened.connection.is_autocommit();
        if database.path.is_none() || opened.file.is_none() || !is_as_it_was {
            return;
        }
        let mut idle = self.idle.lock();
        idle.push((database.clone(), opened));
        let surplus = idle.len().saturating_sub(self.config.idle_connections);
        let closed: Vec<_> = idle.drain(..surplus).collect();
        // Closing takes time, which others need not wait for.
        drop(idle);
        drop(closed);
    }
}
