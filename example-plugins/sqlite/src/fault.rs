//! What can go wrong, and whether another attempt may help.

use std::path::PathBuf;
use std::time::Duration;

use rusqlite::ErrorCode;
use solti_plugin_abi::prelude::*;
use thiserror::Error;

/// Why a script did not come to its end.
#[derive(Debug, Error)]
pub(crate) enum Fault {
    /// The attempt was cancelled or dropped.
    #[error("it was stopped")]
    Stopped,

    /// The script took too long.
    #[error("not done within {within:?}: the time was over in {place}")]
    TooSlow {
        /// How long it had.
        within: Duration,
        /// The statement that ran.
        place: String,
    },

    /// The database cannot be opened.
    #[error("the database {path:?} cannot be opened: {source}")]
    Unopened {
        /// Its path.
        path: PathBuf,
        /// The reason.
        source: rusqlite::Error,
    },

    /// A statement failed.
    #[error("{place}: {message}")]
    Statement {
        /// Its number, and where it stands.
        place: String,
        /// What SQLite says of it.
        message: String,
        /// What kind of failure it is, where SQLite says so.
        code: Option<ErrorCode>,
    },

    /// The script has more rows than it may print.
    #[error("{place}: more than {most} rows; maxRows is how many are printed")]
    TooManyRows {
        /// The statement that had them.
        place: String,
        /// How many it may print.
        most: u64,
    },

    /// The script has begun a transaction and not ended it.
    #[error(
        "the script ends within a transaction, which was rolled back; end it with COMMIT, or set \
         transaction"
    )]
    LeftOpen,

    /// There is no thread for it, or it panicked.
    #[error("the script has no thread: {0}")]
    NoThread(#[from] tokio::task::JoinError),
}

impl Fault {
    /// Whether the next attempt may well succeed, without anyone changing the task, the configuration
    /// or the database.
    fn may_pass(&self) -> bool {
        match self {
            Self::TooSlow { .. } => true,
            Self::Statement { code, .. } => code.is_some_and(passes),
            Self::Unopened { source, .. } => source.sqlite_error_code().is_some_and(passes),
            Self::Stopped | Self::TooManyRows { .. } | Self::LeftOpen | Self::NoThread(_) => false,
        }
    }
}

/// What others cause who use the database or the machine.
fn passes(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::OutOfMemory
            | ErrorCode::SystemIoFailure
            | ErrorCode::DiskFull
            | ErrorCode::FileLockingProtocolFailed
    )
}

impl From<Fault> for TaskError {
    fn from(fault: Fault) -> Self {
        if matches!(fault, Fault::Stopped) {
            return Self::Canceled;
        }
        let reason = fault.to_string();
        let exit_code = None;
        if fault.may_pass() {
            Self::Fail { reason, exit_code }
        } else {
            Self::Fatal { reason, exit_code }
        }
    }
}
