//! Makes a spec of a value, and names the field that is wrong.

use std::collections::BTreeMap;

use serde::Deserialize as _;
use serde_json::{Map, Value, json};
use solti_model::{BackoffPolicy, TaskSpec};
use solti_plugin_abi::Workload;
use solti_plugin_abi::text::mismatch::expected;
use solti_plugin_abi::text::shorten;

use super::check::{check, reason_of_model};
use super::placed::{PlacedSpec, SpecError, SpecResult};
use super::shape::{SPEC, WORKLOAD};
use super::spec::Spec;
use super::tree::Tree;

/// How much the model may say, in bytes.
const LONGEST_REASON: usize = 1024;

/// Reads the spec at `place` from what it is in JSON, and the texts `beside` it.
pub(super) fn parse(place: String, tree: Tree, beside: &'static [&'static str]) -> SpecResult {
    let Tree::Fields(fields) = tree else {
        let found = tree.kind();
        return Err(SpecError::NotAnObject { place, found });
    };
    let invalid = |reason: &str| SpecError::Invalid {
        place: place.clone(),
        reason: shorten(reason, LONGEST_REASON).into_owned(),
    };
    let (beside, tree) = texts_beside(fields, beside).map_err(|fault| invalid(&fault))?;
    let is_own = is_of_a_kind_of_its_own(&tree);
    let shape = if is_own { &WORKLOAD } else { &SPEC };
    let mut spec = check(shape, tree).map_err(|problems| invalid(&problems.to_string()))?;
    if let Value::Object(fields) = &mut spec {
        fill_in(fields);
        let faults = fault_of_backoff(&fields["backoff"])
            .into_iter()
            .chain(faults_of_selector(fields));
        let faults: Vec<_> = faults.collect();
        if !faults.is_empty() {
            return Err(invalid(&faults.join("; ")));
        }
    }
    let model = |err: String| invalid(&reason_of_model(err));
    let spec = if is_own {
        let workload = Workload::deserialize(spec).map_err(|err| model(err.to_string()))?;
        Spec::from(workload)
    } else {
        let spec = TaskSpec::deserialize(spec).map_err(|err| model(err.to_string()))?;
        spec.validate().map_err(|err| model(err.to_string()))?;
        Spec::from(spec)
    };
    Ok(PlacedSpec {
        place,
        spec,
        beside,
    })
}

/// Whether a spec names a kind that the model has no room for: by a text, and none of the model's names,
/// which would be a spec that lacks the rest.
fn is_of_a_kind_of_its_own(spec: &Tree) -> bool {
    const OF_MODEL: [&str; 4] = ["subprocess", "wasm", "container", "embedded"];
    let Tree::Fields(fields) = spec else {
        return false;
    };
    let kind = fields.iter().find(|(name, _)| name == "kind");
    matches!(kind, Some((_, Tree::Text(kind))) if !OF_MODEL.contains(&kind.as_str()))
}

/// Takes the texts with these names out of the fields of a spec.
fn texts_beside(
    fields: Vec<(String, Tree)>,
    names: &'static [&'static str],
) -> Result<(BTreeMap<&'static str, String>, Tree), String> {
    let mut beside = BTreeMap::new();
    let mut others = Vec::new();
    for (field, tree) in fields {
        let Some(name) = names.iter().find(|name| **name == field) else {
            others.push((field, tree));
            continue;
        };
        let Tree::Text(text) = tree else {
            return Err(format!("{name}: {}", expected("text", &tree.described())));
        };
        if beside.insert(*name, text).is_some() {
            return Err(format!("{name}: given twice"));
        }
    }
    Ok((beside, Tree::Fields(others)))
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

/// What the operators of a selector say of their values.
fn faults_of_selector(fields: &Map<String, Value>) -> Vec<String> {
    const EXPRESSIONS: &str = "matchExpressions";
    let expressions = fields.get("runnerSelector").map(|it| &it[EXPRESSIONS]);
    let expressions = expressions.and_then(Value::as_array).into_iter().flatten();
    let faults = expressions.enumerate().filter_map(|(at, expression)| {
        let operator = expression["operator"].as_str()?;
        let values = expression["values"].as_array().map_or(0, Vec::len);
        let fault = match (operator, values) {
            ("In" | "NotIn", 0) => "missing, expected at least one for the operator",
            ("Exists" | "DoesNotExist", 1..) => "expected none for the operator",
            _ => return None,
        };
        Some(format!(
            "runnerSelector.{EXPRESSIONS}[{at}].values: {fault} {operator}"
        ))
    });
    faults.collect()
}

/// What the two ends of a backoff say of each other.
fn fault_of_backoff(backoff: &Value) -> Option<String> {
    let (first, most) = (backoff["firstMs"].as_u64()?, backoff["maxMs"].as_u64()?);
    (most < first).then(|| {
        format!("backoff.maxMs: is {most}, less than backoff.firstMs, which is {first}; give both")
    })
}
