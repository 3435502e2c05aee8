//! What a statement may do: SQLite asks when it is prepared, once for each thing it does.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use crate::config::Config;
use crate::place::within;

/// Settings of the whole process, of limits that are the operator's, or of the file as a map in memory, by
/// which another process that shortens it would end the host.
const FORBIDDEN_PRAGMAS: [&str; 8] = [
    "busy_timeout",
    "data_store_directory",
    "hard_heap_limit",
    "mmap_size",
    "soft_heap_limit",
    "temp_store_directory",
    "trusted_schema",
    "writable_schema",
];

/// The rules of a connection, and what came of them.
pub(crate) struct Rules {
    attach: bool,
    databases: Vec<PathBuf>,
    /// Whether a script has changed what the next one would find: settings, temporary tables.
    is_changed: AtomicBool,
    /// Why the last statement was refused.
    refusal: Mutex<Option<String>>,
}

impl Rules {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            attach: config.attach,
            databases: config.databases.clone(),
            is_changed: AtomicBool::new(false),
            refusal: Mutex::new(None),
        }
    }

    /// Whether the connection is no longer as it was opened.
    pub(crate) fn is_changed(&self) -> bool {
        self.is_changed.load(Ordering::Relaxed)
    }

    /// Why a statement was refused, since this was asked last.
    pub(crate) fn take_refusal(&self) -> Option<String> {
        self.refusal.lock().take()
    }

    /// Decides.
    pub(crate) fn judge(&self, context: &AuthContext<'_>) -> Authorization {
        match self.verdict(&context.action) {
            Ok(changes) => {
                if changes {
                    self.is_changed.store(true, Ordering::Relaxed);
                }
                Authorization::Allow
            }
            Err(refusal) => {
                *self.refusal.lock() = Some(refusal);
                Authorization::Deny
            }
        }
    }

    /// Whether an action changes what the next script finds, or why it may not be.
    fn verdict(&self, action: &AuthAction<'_>) -> Result<bool, String> {
        match action {
            // What VACUUM does with a file without a name.
            AuthAction::Attach { filename: "" } => Ok(false),
            AuthAction::Attach { filename } => self.attach(filename).map(|()| true),
            AuthAction::Pragma {
                pragma_name,
                pragma_value,
            } => {
                if FORBIDDEN_PRAGMAS
                    .iter()
                    .any(|it| it.eq_ignore_ascii_case(pragma_name))
                {
                    return Err(format!("PRAGMA {pragma_name} is the operator's to set"));
                }
                Ok(pragma_value.is_some())
            }
            AuthAction::Function { function_name }
                if function_name.eq_ignore_ascii_case("load_extension") =>
            {
                Err("extensions are not loaded".to_owned())
            }
            AuthAction::CreateTempIndex { .. }
            | AuthAction::CreateTempTable { .. }
            | AuthAction::CreateTempTrigger { .. }
            | AuthAction::CreateTempView { .. } => Ok(true),
            AuthAction::Unknown { .. } => {
                Err("this is not known, so it is not allowed; a database \
                                               is attached by its name as a text"
                    .to_owned())
            }
            _ => Ok(false),
        }
    }

    fn attach(&self, filename: &str) -> Result<(), String> {
        if !self.attach {
            return Err(
                "other databases are not attached, nor written by VACUUM INTO: config.attach of the \
                 plugin is false"
                    .to_owned(),
            );
        }
        if filename == ":memory:" {
            return Ok(());
        }
        match within(Path::new(filename), &self.databases, "databases")? {
            real if real == Path::new(filename) => Ok(()),
            real => Err(format!(
                "{filename:?} is reached by a link; attach {real:?}"
            )),
        }
    }
}
