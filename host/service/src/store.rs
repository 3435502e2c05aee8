//! The record of each task: durable before it is acknowledged.
//!
//! One thread writes. What waits for it while it commits goes into the next commit together, so many
//! clients share the time that a disk takes to keep something.

mod error;
mod filter;
mod record;
mod tables;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;

use parking_lot::{Mutex, RwLock};
use redb::{Database, ReadableDatabase as _};
use tokio::sync::oneshot;

pub(crate) use error::InsertError;
pub use error::StoreError;
pub(crate) use filter::Filter;
pub(crate) use record::{Ended, Interruption, Record, Run, Seq};
use tables::{Reading, open};
use writer::{End, Op, Writer};

/// The records of all tasks.
pub(crate) struct Store {
    /// Opened anew by the writer after the disk has refused something.
    database: Arc<RwLock<Database>>,
    ops: Mutex<Option<mpsc::Sender<Op>>>,
    writer: Mutex<Option<std::thread::JoinHandle<()>>>,
    failing: Arc<Mutex<Option<String>>>,
}

impl Store {
    /// Opens the store in a directory, or makes it.
    pub(crate) fn open(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join("tasks.redb");
        let database = open(&path)?;
        let database = Arc::new(RwLock::new(database));
        let (ops, queue) = mpsc::channel();
        let failing = Arc::new(Mutex::new(None));
        let writer = Writer {
            path,
            database: Arc::clone(&database),
            queue,
            failing: Arc::clone(&failing),
            ends: Vec::new(),
            is_busy: false,
        };
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || writer.run())
            .map_err(StoreError::Thread)?;
        Ok(Self {
            database,
            ops: Mutex::new(Some(ops)),
            writer: Mutex::new(Some(thread)),
            failing,
        })
    }

    /// Adds a record, and returns its number once the disk has it.
    pub(crate) async fn insert(&self, record: Record) -> Result<Seq, InsertError> {
        let (done, inserted) = oneshot::channel();
        self.send(Op::Insert(Box::new(record), done))?;
        inserted.await.map_err(|_| StoreError::Closed)?
    }

    /// Puts a record in the place of another.
    pub(crate) async fn replace(&self, seq: Seq, record: Record) -> Result<(), StoreError> {
        let (done, replaced) = oneshot::channel();
        self.send(Op::Replace(seq, Box::new(record), done))?;
        replaced.await.map_err(|_| StoreError::Closed)?
    }

    /// As [`Self::replace`], for many: they share commits.
    pub(crate) async fn replace_all(&self, records: Vec<(Seq, Record)>) -> Result<(), StoreError> {
        let mut waiting = Vec::with_capacity(records.len());
        for (seq, record) in records {
            let (done, replaced) = oneshot::channel();
            self.send(Op::Replace(seq, Box::new(record), done))?;
            waiting.push(replaced);
        }
        for replaced in waiting {
            replaced.await.map_err(|_| StoreError::Closed)??;
        }
        Ok(())
    }

    /// Removes a record.
    pub(crate) async fn remove(&self, seq: Seq) -> Result<(), StoreError> {
        let (done, removed) = oneshot::channel();
        self.send(Op::Remove(seq, done))?;
        removed.await.map_err(|_| StoreError::Closed)?
    }

    /// Notes how a task ended, as soon as the disk takes it; what is returned ends then.
    pub(crate) fn end(
        &self,
        seq: Seq,
        ended: Ended,
        runs: Vec<Run>,
    ) -> Result<oneshot::Receiver<()>, StoreError> {
        let (done, noted) = oneshot::channel();
        self.send(Op::End(Box::new(End {
            seq,
            ended,
            runs,
            done,
        })))?;
        Ok(noted)
    }

    /// Removes those that ended before the others, but for so many, and those that ended before a time.
    /// Returns their numbers, and whether there may be more.
    pub(crate) async fn prune(
        &self,
        keep: usize,
        before: u64,
    ) -> Result<(Vec<Seq>, bool), StoreError> {
        // A commit for nothing would keep the disk awake.
        if !self.read(|reading| reading.can_prune(keep, before))? {
            return Ok((Vec::new(), false));
        }
        let (done, pruned) = oneshot::channel();
        self.send(Op::Prune(keep, before, done))?;
        pruned.await.map_err(|_| StoreError::Closed)?
    }

    /// The record of the task of this name.
    pub(crate) fn get(&self, name: &str) -> Result<Option<(Seq, Record)>, StoreError> {
        self.read(|reading| reading.by_name(name))
    }

    /// The record with this number.
    pub(crate) fn at(&self, seq: Seq) -> Result<Option<Record>, StoreError> {
        self.read(|reading| reading.at(seq))
    }

    /// Records in the order of their names, behind one of them: at most so many.
    pub(crate) fn behind(
        &self,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<Record>, StoreError> {
        self.read(|reading| reading.behind(after, most))
    }

    /// Records that are `wanted`, the newest first; and where to go on for more.
    pub(crate) fn list(
        &self,
        filter: &Filter,
        wanted: impl FnMut(&Record) -> bool,
    ) -> Result<(Vec<Record>, Option<Seq>), StoreError> {
        self.read(|reading| reading.list(filter, wanted))
    }

    /// The numbers of all tasks, and of those that have not ended, in their order.
    pub(crate) fn seqs(&self) -> Result<(Vec<Seq>, Vec<Seq>), StoreError> {
        self.read(Reading::seqs)
    }

    /// The records of tasks that have not ended, the oldest first.
    pub(crate) fn open_tasks(&self) -> Result<Vec<(Seq, Record)>, StoreError> {
        self.read(|reading| reading.open_tasks())
    }

    /// How many tasks there are, and how many of them have ended.
    pub(crate) fn counts(&self) -> Result<(u64, u64), StoreError> {
        self.read(|reading| reading.counts())
    }

    /// Why the last commit failed, where it did.
    pub(crate) fn failing(&self) -> Option<String> {
        self.failing.lock().clone()
    }

    /// Writes what is left, and ends. Blocks for as long as the disk takes.
    pub(crate) fn close(&self) {
        self.ops.lock().take();
        if let Some(thread) = self.writer.lock().take() {
            // It ends when its queue has, and panics nowhere.
            let _ = thread.join();
        }
    }

    fn send(&self, op: Op) -> Result<(), StoreError> {
        let ops = self.ops.lock();
        let ops = ops.as_ref().ok_or(StoreError::Closed)?;
        ops.send(op).map_err(|_| StoreError::Closed)
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&Reading) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let database = self.database.read();
        let transaction = database.begin_read()?;
        read(&Reading::new(&transaction)?)
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
