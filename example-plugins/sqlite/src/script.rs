//! A task's script, checked: what all its attempts run.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use solti_plugin_abi::WrongSpec;

use crate::config::Config;
use crate::parameters::Parameters;
use crate::place::within;
use crate::spec::{Format, Place, SqliteScript};

/// The longest file of SQL that is read.
const MAX_BYTES: u64 = 16 << 20;

/// The name of a database that is in no file.
const IN_MEMORY: &str = ":memory:";

/// What is opened, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Database {
    /// Its file; `None` for one in memory.
    pub(crate) path: Option<PathBuf>,
    pub(crate) read_only: bool,
    pub(crate) create: bool,
}

/// What all attempts run.
pub(crate) struct Script {
    pub(crate) database: Database,
    pub(crate) sql: String,
    pub(crate) parameters: Parameters,
    pub(crate) transaction: bool,
    pub(crate) timeout: Option<Duration>,
    pub(crate) max_rows: u64,
    pub(crate) format: Format,
}

impl Script {
    /// Checks what a task says.
    ///
    /// # Errors
    ///
    /// The field that is wrong.
    pub(crate) fn new(
        spec: SqliteScript,
        place: Place,
        config: &Config,
    ) -> Result<Self, WrongSpec> {
        let wrong = |field: &str, what: String| WrongSpec::new(place.of(field), what);
        let path = match spec.database.as_str() {
            IN_MEMORY => None,
            path => Some(
                within(Path::new(path), &config.databases, "databases")
                    .map_err(|what| wrong("database", what))?,
            ),
        };
        let sql = match (spec.sql, spec.file) {
            (Some(sql), None) => sql,
            (None, Some(file)) => read(&file, config).map_err(|what| wrong("file", what))?,
            (None, None) => {
                return Err(wrong("", "expected sql or file, found neither".to_owned()));
            }
            (Some(_), Some(_)) => {
                return Err(wrong(
                    "file",
                    "is given beside sql; leave one of them out".to_owned(),
                ));
            }
        };
        if sql.trim().is_empty() {
            return Err(wrong("sql", "is empty".to_owned()));
        }
        if sql.contains('\0') {
            return Err(wrong("sql", "contains a NUL byte".to_owned()));
        }
        if spec.read_only && spec.create {
            return Err(wrong(
                "create",
                "is set beside readOnly, which makes nothing".to_owned(),
            ));
        }
        let most = config.max_rows;
        let max_rows = spec.max_rows.unwrap_or(most);
        if max_rows > most {
            let what = format!("{max_rows} is more than the operator allows, {most}");
            return Err(wrong("maxRows", what));
        }
        Ok(Self {
            database: Database {
                path,
                read_only: spec.read_only,
                create: spec.create,
            },
            sql,
            parameters: spec.parameters,
            transaction: spec.transaction,
            timeout: spec
                .timeout
                .map(|ms| Duration::from_millis(ms.get().into())),
            max_rows: max_rows.get(),
            format: spec.format,
        })
    }
}

fn read(path: &Path, config: &Config) -> Result<String, String> {
    let real = within(path, &config.scripts, "scripts")?;
    let mut sql = String::new();
    File::open(&real)
        .and_then(|file| {
            // A pipe would be waited for.
            if !file.metadata()?.is_file() {
                return Err(std::io::Error::other("is no file"));
            }
            file.take(MAX_BYTES + 1).read_to_string(&mut sql)
        })
        .map_err(|err| format!("{path:?}: {err}"))?;
    if sql.len() as u64 > MAX_BYTES {
        return Err(format!("{path:?} has more than {MAX_BYTES} bytes"));
    }
    Ok(sql)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn refusal(spec: Value) -> String {
        let spec = SqliteScript::of_workload(&spec).unwrap();
        let refused = Script::new(spec, Place::Workload, &Config::default());
        refused.err().unwrap().to_string()
    }

    #[test]
    fn what_cannot_run_is_refused_before_an_attempt() {
        let with = |more: Value| {
            let mut spec = json!({ "database": ":memory:" });
            spec.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            spec
        };
        for (spec, text) in [
            (json!({}), "spec: expected sql or file, found neither"),
            (json!({ "sql": " \n" }), "spec.sql: is empty"),
            (
                json!({ "sql": "SELECT 1", "file": "/a" }),
                "spec.file: is given beside sql; leave one of them out",
            ),
            (
                json!({ "file": "/etc/passwd" }),
                "spec.file: \"/etc/passwd\" is in no directory that config.scripts of the plugin names",
            ),
            (
                json!({ "sql": "SELECT 1", "readOnly": true, "create": true }),
                "spec.create: is set beside readOnly, which makes nothing",
            ),
            (
                json!({ "sql": "SELECT 1", "maxRows": 2_000_000 }),
                "spec.maxRows: 2000000 is more than the operator allows, 1000000",
            ),
            (
                json!({ "sql": "SELECT 1", "database": "/etc/a.db" }),
                "spec.database: \"/etc/a.db\" is in no directory that config.databases of the plugin \
                 names",
            ),
        ] {
            assert_eq!(refusal(with(spec)), text);
        }
    }
}
