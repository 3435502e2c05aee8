//! What a task says of its request, as fields or as a command.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value};
use solti_plugin_abi::{WrongSpec, read_spec_at};

use crate::status::Expected;

/// The spec of the kind `example.com/v1/HttpCheck`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct HttpCheck {
    /// What is asked for.
    pub(crate) url: String,
    /// How.
    #[serde(default = "get")]
    pub(crate) method: String,
    /// What is sent along; `${NAME}` in a value is a variable of the environment.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// What is sent.
    pub(crate) body: Option<String>,
    /// The statuses that are a success.
    #[serde(default = "success")]
    pub(crate) expect_status: Vec<Expected>,
    /// What the body has to contain.
    pub(crate) expect_text: Option<String>,
    /// How long it may take, in milliseconds.
    pub(crate) max_time: Option<NonZeroU32>,
    /// How many redirects are followed.
    #[serde(default = "five")]
    pub(crate) redirects: u32,
    /// Whom the client trusts, in the place of whom the system does.
    pub(crate) ca_file: Option<PathBuf>,
    /// Who the client is.
    pub(crate) client_certificate: Option<ClientCertificate>,
    /// How long the server's certificate must still be valid.
    pub(crate) min_certificate_days: Option<u32>,
    /// The longest body that is read, in bytes.
    pub(crate) max_body_bytes: Option<NonZeroU64>,
    /// Whether the body is the output of the task.
    #[serde(default = "yes")]
    pub(crate) output: bool,
}

/// Who the client is, for servers that ask.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ClientCertificate {
    /// Its certificate and those that lead to a root.
    pub(crate) certificate: PathBuf,
    /// Its key.
    pub(crate) key: PathBuf,
}

fn get() -> String {
    "GET".to_owned()
}

fn success() -> Vec<Expected> {
    vec![Expected::Class(2)]
}

fn five() -> u32 {
    5
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
            (Self::Command, "method") => format!("{ARGS}[0]"),
            (Self::Command, "url") => format!("{ARGS}[1]"),
            (Self::Command, "") => format!("{ARGS}[2]"),
            (Self::Command, field) => format!("{ARGS}[2].{field}"),
        }
    }
}

impl HttpCheck {
    /// Reads the spec of a workload.
    ///
    /// # Errors
    ///
    /// The field that is wrong.
    pub(crate) fn of_workload(spec: &Value) -> Result<Self, WrongSpec> {
        read_spec_at(spec, |field| Place::Workload.of(field))
    }

    /// Reads the arguments of the command `http`: a method, a URL, and an object of the other fields.
    ///
    /// # Errors
    ///
    /// The argument that is wrong.
    pub(crate) fn of_command(args: &[String]) -> Result<Self, WrongSpec> {
        let (method, url, fields) = match args {
            [method, url] => (method, url, Map::new()),
            [method, url, fields] => (method, url, other_fields(fields)?),
            other => {
                return Err(WrongSpec::new(
                    "kind.subprocess.mode.command.args",
                    format!(
                        "expected METHOD URL, and perhaps an object of more fields, found {}",
                        match other.len() {
                            0 => "no argument".to_owned(),
                            1 => "1 argument".to_owned(),
                            more => format!("{more} arguments"),
                        }
                    ),
                ));
            }
        };
        let mut all = fields;
        all.insert("method".to_owned(), method.as_str().into());
        all.insert("url".to_owned(), url.as_str().into());
        read_spec_at(&Value::Object(all), |field| Place::Command.of(field))
    }
}

fn other_fields(text: &str) -> Result<Map<String, Value>, WrongSpec> {
    let wrong = |what: String| WrongSpec::new(Place::Command.of(""), what);
    let fields: Map<String, Value> = serde_json::from_str(text)
        .map_err(|err| wrong(format!("expected a JSON object of more fields: {err}")))?;
    match ["method", "url"]
        .iter()
        .find(|it| fields.contains_key(**it))
    {
        Some(twice) => Err(wrong(format!("has {twice}, which is an argument already"))),
        None => Ok(fields),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(spec: Value) -> String {
        HttpCheck::of_workload(&spec).err().unwrap().to_string()
    }

    #[test]
    fn a_url_alone_means_the_defaults_of_the_readme() {
        let check = HttpCheck::of_workload(&json!({ "url": "http://a.example" })).unwrap();
        assert_eq!(check.method, "GET");
        assert_eq!(check.expect_status, [Expected::Class(2)]);
        assert_eq!((check.redirects, check.output), (5, true));
    }

    #[test]
    fn a_field_of_a_workload_that_is_wrong_is_named() {
        assert_eq!(
            refusal(json!({})),
            "spec.url: missing, and it has no default"
        );
        assert_eq!(
            refusal(json!({ "url": "http://a.example", "expectStatus": [200, "2x"] })),
            "spec.expectStatus[1]: expected a status from 100 to 599, or a class of them such as \"2xx\", \
             found \"2x\""
        );
        assert_eq!(
            refusal(json!({ "url": "http://a.example", "clientCertificate": { "key": "k" } })),
            "spec.clientCertificate.certificate: missing, and it has no default"
        );
        let unknown = refusal(json!({ "url": "http://a.example", "expectstatus": [200] }));
        assert!(
            unknown.starts_with("spec.expectstatus: unknown field, expected url, method, "),
            "{unknown}"
        );
    }

    #[test]
    fn an_argument_of_the_command_that_is_wrong_is_named() {
        let refusal = |args: &[&str]| {
            let args: Vec<_> = args.iter().map(ToString::to_string).collect();
            HttpCheck::of_command(&args).err().unwrap().to_string()
        };
        let args = "kind.subprocess.mode.command.args";
        assert_eq!(
            refusal(&["http://a.example"]),
            format!(
                "{args}: expected METHOD URL, and perhaps an object of more fields, found 1 argument"
            )
        );
        assert_eq!(
            refusal(&["GET", "http://a.example", r#"{"redirects": -1}"#]),
            format!("{args}[2].redirects: expected a whole number from 0 to 4294967295, found -1")
        );
        assert_eq!(
            refusal(&["GET", "http://a.example", r#"{"url": "http://b.example"}"#]),
            format!("{args}[2]: has url, which is an argument already")
        );
    }
}
