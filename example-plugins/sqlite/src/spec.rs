//! What a task says of its script, as fields, as a command or as a script.

use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value};
use solti_plugin_abi::{WrongSpec, read_spec_at};

use crate::parameters::Parameters;

/// The spec of the kind `example.com/v1/SqliteScript`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SqliteScript {
    /// The file, or `:memory:`.
    pub(crate) database: String,
    /// The statements.
    pub(crate) sql: Option<String>,
    /// The file that has them.
    pub(crate) file: Option<PathBuf>,
    /// What stands for the parameters in them.
    #[serde(default)]
    pub(crate) parameters: Parameters,
    /// Whether nothing may be written.
    #[serde(default)]
    pub(crate) read_only: bool,
    /// Whether the database is made where it is not there.
    #[serde(default)]
    pub(crate) create: bool,
    /// Whether all statements count, or none does.
    #[serde(default)]
    pub(crate) transaction: bool,
    /// How long it may take, in milliseconds.
    pub(crate) timeout: Option<NonZeroU32>,
    /// How many rows it may print.
    pub(crate) max_rows: Option<NonZeroU64>,
    /// How rows are printed.
    #[serde(default)]
    pub(crate) format: Format,
}

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// An object for each row.
    #[default]
    Json,
    /// Values with tabs between them.
    Tsv,
}

/// Where the fields of a task stand, for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Under `spec`.
    Workload,
    /// In the arguments of a command: a database, statements, an object of the other fields.
    Command,
    /// In a script and its arguments: a database, an object of the other fields.
    Script,
}

impl Place {
    /// The path of a field in what the task's author has written.
    pub(crate) fn of(self, field: &str) -> String {
        let (args, others) = match self {
            Self::Workload if field.is_empty() => return "spec".to_owned(),
            Self::Workload => return format!("spec.{field}"),
            Self::Command => ("kind.subprocess.mode.command.args", 2),
            Self::Script => ("kind.subprocess.mode.script.args", 1),
        };
        match (self, field) {
            (_, "database") => format!("{args}[0]"),
            (Self::Command, "sql") => format!("{args}[1]"),
            (_, "sql") => "kind.subprocess.mode.script.body".to_owned(),
            (_, "") => format!("{args}[{others}]"),
            (_, field) => format!("{args}[{others}].{field}"),
        }
    }
}

impl SqliteScript {
    /// Reads the spec of a workload.
    ///
    /// # Errors
    ///
    /// The field that is wrong.
    pub(crate) fn of_workload(spec: &Value) -> Result<Self, WrongSpec> {
        read_spec_at(spec, |field| Place::Workload.of(field))
    }

    /// Reads the arguments of the command `sqlite`.
    ///
    /// # Errors
    ///
    /// The argument that is wrong.
    pub(crate) fn of_command(args: &[String]) -> Result<Self, WrongSpec> {
        let (database, sql, fields) = match args {
            [database, sql] => (database, sql, None),
            [database, sql, fields] => (database, sql, Some(fields)),
            other => return Err(number_of_args("command", "DATABASE SQL", other.len())),
        };
        of_parts(database, sql.clone(), fields, Place::Command)
    }

    /// Reads a script of the runtime `sqlite`.
    ///
    /// # Errors
    ///
    /// The argument that is wrong, or the body.
    pub(crate) fn of_script(body: &str, args: &[String]) -> Result<Self, WrongSpec> {
        let (database, fields) = match args {
            [database] => (database, None),
            [database, fields] => (database, Some(fields)),
            other => return Err(number_of_args("script", "DATABASE", other.len())),
        };
        let wrong = |what: String| WrongSpec::new(Place::Script.of("sql"), what);
        let sql = STANDARD
            .decode(body)
            .map_err(|err| wrong(format!("is no base64: {err}")))?;
        let sql = String::from_utf8(sql).map_err(|err| wrong(format!("is no UTF-8: {err}")))?;
        of_parts(database, sql, fields, Place::Script)
    }
}

fn number_of_args(mode: &str, expected: &str, found: usize) -> WrongSpec {
    let found = match found {
        0 => "no argument".to_owned(),
        1 => "1 argument".to_owned(),
        more => format!("{more} arguments"),
    };
    WrongSpec::new(
        format!("kind.subprocess.mode.{mode}.args"),
        format!("expected {expected}, and perhaps an object of more fields, found {found}"),
    )
}

fn of_parts(
    database: &str,
    sql: String,
    fields: Option<&String>,
    place: Place,
) -> Result<SqliteScript, WrongSpec> {
    let wrong = |what: String| WrongSpec::new(place.of(""), what);
    let mut all: Map<String, Value> = match fields {
        None => Map::new(),
        Some(text) => serde_json::from_str(text)
            .map_err(|err| wrong(format!("expected a JSON object of more fields: {err}")))?,
    };
    if let Some(twice) = ["database", "sql", "file"]
        .iter()
        .find(|it| all.contains_key(**it))
    {
        return Err(wrong(format!("has {twice}, and the task has that already")));
    }
    all.insert("database".to_owned(), database.into());
    all.insert("sql".to_owned(), sql.into());
    read_spec_at(&Value::Object(all), |field| place.of(field))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_of_a_workload_that_is_wrong_is_named() {
        let refusal = |spec: Value| SqliteScript::of_workload(&spec).err().unwrap().to_string();
        assert_eq!(
            refusal(json!({ "sql": "SELECT 1" })),
            "spec.database: missing, and it has no default"
        );
        assert_eq!(
            refusal(json!({ "database": "a", "format": "csv" })),
            "spec.format: expected json or tsv, found \"csv\""
        );
        assert_eq!(
            refusal(json!({ "database": "a", "parameters": { "a": [1] } })),
            "spec.parameters: expected values: null, a number, a text, true, false, or {\"base64\": \"…\"} \
             for bytes, found [1]"
        );
        let unknown = refusal(json!({ "database": "a", "readonly": true }));
        assert!(
            unknown.starts_with("spec.readonly: unknown field, expected database, sql, "),
            "{unknown}"
        );
    }

    #[test]
    fn a_part_of_a_command_or_script_that_is_wrong_is_named() {
        let args = |args: &[&str]| args.iter().map(ToString::to_string).collect::<Vec<_>>();
        let of_command = |list: &[&str]| {
            let refused = SqliteScript::of_command(&args(list));
            refused.err().unwrap().to_string()
        };
        let of_script = |body: &str, list: &[&str]| {
            let refused = SqliteScript::of_script(body, &args(list));
            refused.err().unwrap().to_string()
        };
        assert_eq!(
            of_command(&["a.db"]),
            "kind.subprocess.mode.command.args: expected DATABASE SQL, and perhaps an object of more \
             fields, found 1 argument"
        );
        assert_eq!(
            of_command(&["a.db", "SELECT 1", r#"{"maxRows": 0}"#]),
            "kind.subprocess.mode.command.args[2].maxRows: expected a whole number of 1 or more, found 0"
        );
        assert_eq!(
            of_script("U0VMRUNUIDE=", &["a.db", r#"{"sql": "SELECT 2"}"#]),
            "kind.subprocess.mode.script.args[1]: has sql, and the task has that already"
        );
        assert_eq!(
            of_script("/w==", &["a.db"]),
            "kind.subprocess.mode.script.body: is no UTF-8: invalid utf-8 sequence of 1 bytes from \
             index 0"
        );
    }
}
