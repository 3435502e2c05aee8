//! A connection with its limits.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::hooks::AuthContext;
use rusqlite::limits::Limit;
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::{Connection, OpenFlags};

use crate::config::Config;
use crate::fault::Fault;
use crate::rules::Rules;
use crate::script::Database;
use crate::stop::Watch;

/// How many steps of SQLite's machine lie between two looks at the clock: a tenth of a millisecond.
const STEPS: i32 = 10_000;

/// How long a lock is waited for before it is tried again, from the first time to the last.
const PAUSES: [u64; 6] = [1, 2, 5, 10, 15, 25];

/// A connection and what belongs to it.
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    pub(crate) rules: Arc<Rules>,
    pub(crate) watch: Arc<Watch>,
    /// The length of the statement that began last, in bytes of the script.
    pub(crate) length: Arc<AtomicUsize>,
    /// Which file it is, whatever has taken its name since.
    pub(crate) file: Option<FileId>,
}

/// A file, whatever its name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileId(u64, u64);

impl FileId {
    /// The file that has this name now.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let file = fs::metadata(path).ok()?;
        Some(Self(file.dev(), file.ino()))
    }
}

/// Opens a database.
///
/// # Errors
///
/// [`Fault::Unopened`].
pub(crate) fn open(database: &Database, config: &Config) -> Result<Opened, Fault> {
    let path = database.path.as_deref();
    let opened = match path {
        None => {
            Connection::open_in_memory_with_flags(flags(database) | OpenFlags::SQLITE_OPEN_CREATE)
        }
        // The path is real by now: a link in it has come since.
        Some(path) => {
            Connection::open_with_flags(path, flags(database) | OpenFlags::SQLITE_OPEN_NOFOLLOW)
        }
    };
    opened
        .and_then(|connection| limited(connection, config))
        .map(|mut opened| {
            opened.file = path.and_then(FileId::of);
            opened
        })
        .map_err(|source| Fault::Unopened {
            path: path.unwrap_or(Path::new(":memory:")).to_owned(),
            source,
        })
}

fn flags(database: &Database) -> OpenFlags {
    // One thread at a time has it.
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    match (database.read_only, database.create) {
        (true, _) if database.path.is_some() => flags | OpenFlags::SQLITE_OPEN_READ_ONLY,
        (_, true) => flags | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        _ => flags | OpenFlags::SQLITE_OPEN_READ_WRITE,
    }
}

fn limited(mut connection: Connection, config: &Config) -> rusqlite::Result<Opened> {
    // A file that somebody has prepared does nothing of its own accord.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    let longest = i32::try_from(config.max_value_bytes.get()).unwrap_or(i32::MAX);
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, longest)?;

    let watch = Arc::new(Watch::default());
    let watched = Arc::clone(&watch);
    connection.progress_handler(STEPS, Some(move || watched.is_over()))?;
    let watched = Arc::clone(&watch);
    let patience = config.busy_timeout();
    let mut since = Instant::now();
    connection.busy_handler(Some(move |times: i32| {
        if times == 0 {
            since = Instant::now();
        }
        let at = usize::try_from(times).unwrap_or(0).min(PAUSES.len() - 1);
        if watched.is_over() || since.elapsed() >= patience {
            return false;
        }
        thread::sleep(Duration::from_millis(PAUSES[at]));
        true
    }))?;

    let rules = Arc::new(Rules::new(config));
    let judge = Arc::clone(&rules);
    connection.authorizer(Some(move |context: AuthContext<'_>| judge.judge(&context)))?;

    let length = Arc::new(AtomicUsize::new(0));
    let told = Arc::clone(&length);
    connection.trace_v2(
        TraceEventCodes::SQLITE_TRACE_STMT,
        Some(move |event: TraceEvent<'_>| {
            if let TraceEvent::Stmt(statement, _) = event {
                told.store(statement.sql().len(), Ordering::Relaxed);
            }
        }),
    )?;
    Ok(Opened {
        connection,
        rules,
        watch,
        length,
        file: None,
    })
}
