//! The tables of the database, and what is read from them.

use std::ops::Bound;
use std::path::Path;

use redb::{
    Database, ReadOnlyTable, ReadTransaction, ReadableTable as _, ReadableTableMetadata as _,
    TableDefinition,
};

use super::error::StoreError;
use super::filter::{Filter, LOOKED_AT};
use super::record::{FORMAT, Record, Seq};

/// Each task, in the order in which they came.
pub(super) const TASKS: TableDefinition<'_, Seq, &[u8]> = TableDefinition::new("tasks");
/// Which task has a name.
pub(super) const NAMES: TableDefinition<'_, &str, Seq> = TableDefinition::new("names");
/// Which task has an idempotency key.
pub(super) const KEYS: TableDefinition<'_, &str, Seq> = TableDefinition::new("keys");
/// The tasks that have not ended.
pub(super) const OPEN: TableDefinition<'_, Seq, ()> = TableDefinition::new("open");
/// The tasks that have ended, by when.
pub(super) const ENDED: TableDefinition<'_, (u64, Seq), ()> = TableDefinition::new("ended");
/// The number that the next task has at least: that of one that was removed is not given to another, whose
/// output is elsewhere.
pub(super) const NEXT: TableDefinition<'_, (), Seq> = TableDefinition::new("next");

/// What the database may keep of its file in memory, in bytes.
const CACHE: usize = 4 << 20;

/// Opens the database, with its tables.
pub(super) fn open(path: &Path) -> Result<Database, StoreError> {
    let database = Database::builder().set_cache_size(CACHE).create(path)?;
    make(&database)?;
    Ok(database)
}

/// Makes the tables where they are not there.
fn make(database: &Database) -> Result<(), StoreError> {
    let transaction = database.begin_write()?;
    transaction.open_table(TASKS)?;
    transaction.open_table(NAMES)?;
    transaction.open_table(KEYS)?;
    transaction.open_table(OPEN)?;
    transaction.open_table(ENDED)?;
    transaction.open_table(NEXT)?;
    transaction.commit()?;
    Ok(())
}

/// Makes a record of its bytes.
pub(super) fn decode(seq: Seq, bytes: &[u8]) -> Result<Record, StoreError> {
    let record: Record =
        serde_json::from_slice(bytes).map_err(|source| StoreError::Record { seq, source })?;
    if record.format > FORMAT {
        return Err(StoreError::Format {
            seq,
            found: record.format,
            known: FORMAT,
        });
    }
    Ok(record)
}

/// The bytes of a record.
pub(super) fn encode(record: &Record) -> Vec<u8> {
    serde_json::to_vec(record).expect("a record is made of texts and numbers")
}

/// The tables at one moment.
pub(super) struct Reading {
    tasks: ReadOnlyTable<Seq, &'static [u8]>,
    names: ReadOnlyTable<&'static str, Seq>,
    open: ReadOnlyTable<Seq, ()>,
    ended: ReadOnlyTable<(u64, Seq), ()>,
}

impl Reading {
    pub(super) fn new(transaction: &ReadTransaction) -> Result<Self, StoreError> {
        Ok(Self {
            tasks: transaction.open_table(TASKS)?,
            names: transaction.open_table(NAMES)?,
            open: transaction.open_table(OPEN)?,
            ended: transaction.open_table(ENDED)?,
        })
    }

    pub(super) fn at(&self, seq: Seq) -> Result<Option<Record>, StoreError> {
        let bytes = self.tasks.get(seq)?;
        bytes.map(|bytes| decode(seq, bytes.value())).transpose()
    }

    pub(super) fn by_name(&self, name: &str) -> Result<Option<(Seq, Record)>, StoreError> {
        let Some(seq) = self.names.get(name)?.map(|seq| seq.value()) else {
            return Ok(None);
        };
        Ok(self.at(seq)?.map(|record| (seq, record)))
    }

    /// Records in the order of their names, behind one of them.
    pub(super) fn behind(
        &self,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<Record>, StoreError> {
        let begin = after.map_or(Bound::Unbounded, Bound::Excluded);
        let names = self.names.range::<&str>((begin, Bound::Unbounded))?;
        let mut found = Vec::new();
        for entry in names.take(most) {
            if let Some(record) = self.at(entry?.1.value())? {
                found.push(record);
            }
        }
        Ok(found)
    }

    /// Records that a filter takes and that are `wanted`, the newest first; and where to go on for more.
    pub(super) fn list(
        &self,
        filter: &Filter,
        mut wanted: impl FnMut(&Record) -> bool,
    ) -> Result<(Vec<Record>, Option<Seq>), StoreError> {
        let before = filter.before.unwrap_or(Seq::MAX);
        let mut found = Vec::new();
        let mut looked_at = 0;
        for entry in self.tasks.range(..before)?.rev() {
            let (seq, bytes) = entry?;
            let seq = seq.value();
            let record = decode(seq, bytes.value())?;
            if filter.takes(&record) && wanted(&record) {
                found.push(record);
            }
            looked_at += 1;
            if found.len() >= filter.limit || looked_at >= LOOKED_AT {
                return Ok((found, Some(seq)));
            }
        }
        Ok((found, None))
    }

    /// The numbers of all tasks, and of those that have not ended, in their order.
    pub(super) fn seqs(&self) -> Result<(Vec<Seq>, Vec<Seq>), StoreError> {
        let all = self.tasks.iter()?.map(|entry| Ok(entry?.0.value()));
        let open = self.open.iter()?.map(|entry| Ok(entry?.0.value()));
        Ok((
            all.collect::<Result<_, StoreError>>()?,
            open.collect::<Result<_, StoreError>>()?,
        ))
    }

    pub(super) fn open_tasks(&self) -> Result<Vec<(Seq, Record)>, StoreError> {
        let mut found = Vec::new();
        for entry in self.open.iter()? {
            let seq = entry?.0.value();
            if let Some(record) = self.at(seq)? {
                found.push((seq, record));
            }
        }
        Ok(found)
    }

    /// Whether there are more than so many that have ended, or some that did before a time.
    pub(super) fn can_prune(&self, keep: usize, before: u64) -> Result<bool, StoreError> {
        let oldest = self.ended.first()?.map(|(key, _)| key.value().0);
        Ok(self.ended.len()? > keep as u64 || oldest.is_some_and(|at| at < before))
    }

    pub(super) fn counts(&self) -> Result<(u64, u64), StoreError> {
        let all = self.tasks.len()?;
        Ok((all, all - self.open.len()?.min(all)))
    }
}
