//! What a task says of its command, as fields or as a command.

use std::collections::BTreeMap;
use std::num::{NonZeroU16, NonZeroU32};

use serde::Deserialize;
use serde_json::{Map, Value};
use solti_plugin_abi::{WrongSpec, read_spec_at};

/// The spec of the kind `example.com/v1/Ssh`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SshCommand {
    /// Where: a name, an address, or an alias of ssh's configuration.
    pub(crate) host: String,
    /// What a shell there runs.
    pub(crate) command: Option<String>,
    /// A program and its arguments, which no shell looks into.
    pub(crate) args: Option<Vec<String>>,
    /// As whom.
    pub(crate) user: Option<String>,
    /// At which port.
    pub(crate) port: Option<NonZeroU16>,
    /// What is set there; `${NAME}` in a value is a variable of the environment here.
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    /// How long the connection may take to come about, in milliseconds.
    pub(crate) connect_timeout: Option<NonZeroU32>,
    /// Whether an exit code other than zero is a failure.
    #[serde(default = "yes")]
    pub(crate) fail_on_non_zero: bool,
}

fn yes() -> bool {
    true
}

/// Where the fields of a task stand, for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Under `spec`.
    Workload,
    /// In the arguments of a command.
    Command,
}

impl Place {
    /// The path of a field in what the task's author has written.
    pub(crate) fn of(self, field: &str) -> String {
        const ARGS: &str = "kind.subprocess.mode.command.args";
        match (self, field) {
            (Self::Workload, "") => "spec".to_owned(),
            (Self::Workload, field) => format!("spec.{field}"),
            (Self::Command, "host") => format!("{ARGS}[0]"),
            (Self::Command, "command") => format!("{ARGS}[1]"),
            (Self::Command, "") => format!("{ARGS}[2]"),
            (Self::Command, field) => format!("{ARGS}[2].{field}"),
        }
    }
}

impl SshCommand {
    /// Reads the spec of a workload.
    ///
    /// # Errors
    ///
    /// The field that is wrong.
    pub(crate) fn of_workload(spec: &Value) -> Result<Self, WrongSpec> {
        read_spec_at(spec, |field| Place::Workload.of(field))
    }

    /// Reads the arguments of the command `ssh`: a host, a command, and an object of the other fields.
    ///
    /// # Errors
    ///
    /// The argument that is wrong.
    pub(crate) fn of_command(args: &[String]) -> Result<Self, WrongSpec> {
        let (host, command, fields) = match args {
            [host, command] => (host, command, Map::new()),
            [host, command, fields] => (host, command, other_fields(fields)?),
            other => {
                let found = match other.len() {
                    0 => "no argument".to_owned(),
                    1 => "1 argument".to_owned(),
                    more => format!("{more} arguments"),
                };
                return Err(WrongSpec::new(
                    "kind.subprocess.mode.command.args",
                    format!(
                        "expected HOST COMMAND, and perhaps an object of more fields, found {found}"
                    ),
                ));
            }
        };
        let mut all = fields;
        all.insert("host".to_owned(), host.as_str().into());
        all.insert("command".to_owned(), command.as_str().into());
        read_spec_at(&Value::Object(all), |field| Place::Command.of(field))
    }
}

/// What the arguments, or the task around them, say already.
const SAID: [&str; 4] = ["host", "command", "args", "failOnNonZero"];

fn other_fields(text: &str) -> Result<Map<String, Value>, WrongSpec> {
    let wrong = |what: String| WrongSpec::new(Place::Command.of(""), what);
    let fields: Map<String, Value> = serde_json::from_str(text)
        .map_err(|err| wrong(format!("expected a JSON object of more fields: {err}")))?;
    match SAID.iter().find(|it| fields.contains_key(**it)) {
        Some(twice) => Err(wrong(format!(
            "has {twice}, and the task says that already"
        ))),
        None => Ok(fields),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_of_a_workload_that_is_wrong_is_named() {
        let refusal = |spec: Value| SshCommand::of_workload(&spec).unwrap_err().to_string();
        assert_eq!(
            refusal(json!({ "command": "id" })),
            "spec.host: missing, and it has no default"
        );
        assert_eq!(
            refusal(json!({ "host": "a", "port": 0 })),
            "spec.port: expected a whole number from 1 to 65535, found 0"
        );
        let unknown = refusal(json!({ "host": "a", "identityFile": "/id" }));
        assert!(
            unknown.starts_with("spec.identityFile: unknown field, expected host, command, args, "),
            "{unknown}"
        );
    }

    #[test]
    fn an_argument_of_the_command_that_is_wrong_is_named() {
        let refusal = |args: &[&str]| {
            let args: Vec<_> = args.iter().map(ToString::to_string).collect();
            SshCommand::of_command(&args).unwrap_err().to_string()
        };
        let args = "kind.subprocess.mode.command.args";
        assert_eq!(
            refusal(&["a", "ls", "-l", "/"]),
            format!(
                "{args}: expected HOST COMMAND, and perhaps an object of more fields, found 4 arguments"
            )
        );
        assert_eq!(
            refusal(&["a", "ls", "-l"]),
            format!(
                "{args}[2]: expected a JSON object of more fields: invalid number at line 1 column 2"
            )
        );
        assert_eq!(
            refusal(&["a", "ls", r#"{"command": "id"}"#]),
            format!("{args}[2]: has command, and the task says that already")
        );
        assert_eq!(
            refusal(&["a", "ls", r#"{"connectTimeout": "5s"}"#]),
            format!(
                "{args}[2].connectTimeout: expected a whole number from 1 to 4294967295, found \"5s\""
            )
        );
    }
}
