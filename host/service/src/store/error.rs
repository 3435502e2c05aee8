//! What can go wrong with the store.

use std::io;

use thiserror::Error;

use super::record::Seq;
use crate::disk::is_full;

/// Why the store did not do something.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database refuses it.
    #[error("the store of tasks: {0}")]
    Database(Box<redb::Error>),
    /// A record is not one of this program's.
    #[error("the store of tasks: record {seq} cannot be read: {source}")]
    Record {
        /// The number of the record.
        seq: u64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A record has a newer format.
    #[error(
        "the store of tasks: record {seq} has the format {found}, this program reads {known}: use the \
         program that wrote it"
    )]
    Format {
        /// The number of the record.
        seq: u64,
        /// Its format.
        found: u32,
        /// That of this program.
        known: u32,
    },
    /// The system has no thread for it.
    #[error("the store of tasks: no thread: {0}")]
    Thread(io::Error),
    /// The commit that this was part of failed.
    #[error("the store of tasks cannot keep it: {reason}")]
    NotKept {
        /// Why.
        reason: String,
        /// Whether there is no room on the disk.
        full: bool,
    },
    /// The service is about to end.
    #[error("the store of tasks is closed")]
    Closed,
}

/// Why a record was not added.
#[derive(Debug, Error)]
pub(crate) enum InsertError {
    #[error("a task of this name is there already")]
    NameTaken,
    /// A task with this idempotency key is there already.
    #[error("task {0} has this idempotency key")]
    KeyTaken(Seq),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StoreError {
    /// Whether there is no room on the disk.
    pub(crate) fn is_full(&self) -> bool {
        match self {
            Self::NotKept { full, .. } => *full,
            Self::Database(err) => matches!(&**err, redb::Error::Io(err) if is_full(err)),
            _ => false,
        }
    }
}

/// Every error of the database is one of its kinds.
macro_rules! from_database {
    ($($kind:ident),+) => {
        $(impl From<redb::$kind> for StoreError {
            fn from(err: redb::$kind) -> Self {
                Self::Database(Box::new(err.into()))
            }
        })+
    };
}

from_database!(
    CommitError,
    DatabaseError,
    StorageError,
    TableError,
    TransactionError
);
