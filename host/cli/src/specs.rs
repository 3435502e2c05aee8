//! Reads task specs from files and standard input.
//!
//! One bad spec never stops the good ones: each is read by itself, and what is wrong with it names
//! the file, the place in its array and the field.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use serde::Deserialize as _;
use serde_json::{Deserializer, Map, Value, json};
use solti_model::{BackoffPolicy, TaskSpec};
use thiserror::Error;

/// The argument that means standard input.
pub(crate) const STDIN_ARGUMENT: &str = "-";

/// What standard input is called in messages.
const STDIN: &str = "stdin";

/// A spec and where it was read.
#[derive(Debug)]
pub(crate) struct PlacedSpec {
    /// The file, and the position where it is one of several: `jobs.json[1]`.
    pub(crate) place: String,
    pub(crate) spec: TaskSpec,
}

/// A spec, or why there is none.
pub(crate) type SpecResult = Result<PlacedSpec, SpecError>;

/// Why there is no spec to run. Each is printed on one line, so what lies behind it is in its text.
#[derive(Debug, Error)]
pub(crate) enum SpecError {
    #[error("{place}: cannot be read: {err}")]
    Unreadable { place: String, err: io::Error },
    #[error("{place}: not JSON: {err}")]
    NotJson {
        place: String,
        err: serde_json::Error,
    },
    #[error("{place}: empty, expected a task spec or an array of task specs")]
    Empty { place: String },
    #[error("{place}: expected a task spec, which is a JSON object, found {found}")]
    NotAnObject { place: String, found: &'static str },
    #[error("{place}: {reason}")]
    Invalid { place: String, reason: String },
}

/// Reads the specs of a file, each into `take`.
pub(crate) fn read_file(path: &Path, take: &mut dyn FnMut(SpecResult)) {
    let place = path.display().to_string();
    match File::open(path) {
        Ok(file) => read(&place, BufReader::new(file), take),
        Err(err) => take(Err(SpecError::Unreadable { place, err })),
    }
}

/// Reads the specs of standard input, each into `take`.
pub(crate) fn read_stdin(take: &mut dyn FnMut(SpecResult)) {
    read(STDIN, io::stdin().lock(), take);
}

/// Reads specs and arrays of specs, one after the other, each into `take` as soon as it is whole.
fn read(name: &str, source: impl Read, take: &mut dyn FnMut(SpecResult)) {
    let values = Deserializer::from_reader(source).into_iter::<Value>();
    let mut position = 0;
    let mut found_any = false;
    let mut place_of_next = |several: bool| {
        let place = if several {
            format!("{name}[{position}]")
        } else {
            name.to_owned()
        };
        position += 1;
        place
    };
    for value in values {
        match value {
            Ok(Value::Array(specs)) => {
                for spec in specs {
                    take(parse(place_of_next(true), spec));
                }
            }
            Ok(spec) => take(parse(place_of_next(found_any || name == STDIN), spec)),
            // What comes after a place that is not JSON cannot be told apart from it.
            Err(err) => return take(Err(not_json(name, err))),
        }
        found_any = true;
    }
    if !found_any {
        take(Err(SpecError::Empty { place: name.into() }));
    }
}

fn not_json(name: &str, err: serde_json::Error) -> SpecError {
    let place = name.to_owned();
    if err.is_io() {
        let err = err.into();
        return SpecError::Unreadable { place, err };
    }
    SpecError::NotJson { place, err }
}

fn parse(place: String, value: Value) -> SpecResult {
    let Value::Object(mut fields) = value else {
        let found = kind_of(&value);
        return Err(SpecError::NotAnObject { place, found });
    };
    fill_in(&mut fields);
    let restart = fields["restart"].clone();
    let invalid = |reason: String| SpecError::Invalid {
        place: place.clone(),
        // The model begins each of its errors so, which says nothing here.
        reason: reason.replacen("invalid model: ", "", 1),
    };
    let variant = variant_of_kind(&fields);
    let mut unknown = Vec::new();
    let mut track = serde_path_to_error::Track::new();
    let spec = TaskSpec::deserialize(serde_path_to_error::Deserializer::new(
        serde_ignored::Deserializer::new(&Value::Object(fields), &mut |path| {
            // The path has no names for the variants of enums.
            let path = path.to_string().replacen("kind.?", &variant, 1);
            unknown.push(format!("`{}`", path.replace(".?", "")));
        }),
        &mut track,
    ))
    .map_err(|err| match track.path().to_string().as_str() {
        "." => invalid(err.to_string()),
        field => invalid(format!("{field}: {err}")),
    })?;
    unknown.extend(unknown_in_restart(&restart, &spec));
    if !unknown.is_empty() {
        return Err(invalid(format!("unknown field {}", unknown.join(", "))));
    }
    spec.validate().map_err(|err| invalid(err.to_string()))?;
    Ok(PlacedSpec { place, spec })
}

/// Gives a spec the values it leaves out: those of the model's builder.
fn fill_in(fields: &mut Map<String, Value>) {
    fields
        .entry("restart")
        .or_insert_with(|| json!({ "type": "never" }));
    fields
        .entry("admission")
        .or_insert_with(|| json!("dropIfRunning"));
    let backoff = fields.entry("backoff").or_insert_with(|| json!({}));
    let default = serde_json::to_value(BackoffPolicy::default())
        .expect("a backoff is made of numbers and names");
    if let (Value::Object(backoff), Value::Object(default)) = (backoff, default) {
        for (field, value) in default {
            backoff.entry(field).or_insert(value);
        }
    }
}

/// The fields of a spec's `restart` that it has no use for. Beside the field that names a variant,
/// the model takes any: a misspelt `intervalMs` would restart a task without a pause.
fn unknown_in_restart(restart: &Value, spec: &TaskSpec) -> Vec<String> {
    let used = serde_json::to_value(spec.restart()).expect("a policy is made of numbers and names");
    let fields = restart.as_object().into_iter().flatten();
    fields
        .filter(|(name, value)| used.get(name).is_none() && !value.is_null())
        .map(|(name, _)| format!("`restart.{name}`"))
        .collect()
}

/// The path of what a spec's kind holds, such as `kind.subprocess`.
fn variant_of_kind(fields: &Map<String, Value>) -> String {
    let kind = fields.get("kind").and_then(Value::as_object);
    let variant = kind.and_then(|kind| kind.keys().next());
    variant.map_or_else(|| "kind".to_owned(), |variant| format!("kind.{variant}"))
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
