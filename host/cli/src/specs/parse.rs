//! Makes a spec of a value, and names the field that is wrong.

use serde::Deserialize as _;
use serde_json::{Map, Value, json};
use solti_model::{BackoffPolicy, TaskSpec};

use super::placed::{PlacedSpec, SpecError, SpecResult};

/// Reads the spec at `place` from what it is in JSON.
pub(super) fn parse(place: String, value: Value) -> SpecResult {
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
