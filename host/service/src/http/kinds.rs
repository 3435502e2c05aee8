//! `GET /v1/kinds`: what plugins in service take, with a schema and an example where it is known.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::app::App;

/// What is said of the kinds of the model.
const KNOWN: [(&str, &str); 3] = [
    ("subprocess", include_str!("kinds/subprocess.json")),
    ("wasm", include_str!("kinds/wasm.json")),
    ("container", include_str!("kinds/container.json")),
];

/// The route.
pub(super) async fn kinds(State(app): State<Arc<App>>) -> Json<Value> {
    let report = app.plugins.live.report();
    let mut plugins = BTreeMap::<String, Vec<&str>>::new();
    for plugin in report.loaded() {
        for kind in plugin.runners.iter().flat_map(|it| it.kinds.names()) {
            let of_kind = plugins.entry(kind.to_owned()).or_default();
            if !of_kind.contains(&&*plugin.plugin) {
                of_kind.push(&plugin.plugin);
            }
        }
    }
    let kinds: Vec<_> = plugins
        .iter()
        .map(|(kind, plugins)| {
            let mut view = known(kind);
            view["kind"] = kind.as_str().into();
            view["plugins"] = json!(plugins);
            view
        })
        .collect();
    Json(json!({ "kinds": kinds }))
}

/// A schema of what stands under `kind` of a spec, and a spec; of a kind of a plugin's own, a manifest.
fn known(kind: &str) -> Value {
    if let Some((_, text)) = KNOWN.iter().find(|(known, _)| *known == kind) {
        return serde_json::from_str(text).unwrap_or_else(|_| json!({}));
    }
    let Some((version, name)) = kind.rsplit_once('/') else {
        return json!({});
    };
    json!({ "example": {
        "apiVersion": "solti.io/v1",
        "kind": "Task",
        "metadata": { "name": "example" },
        "spec": {
            "slot": "example",
            "timeout": 60_000,
            "restart": { "type": "never" },
            "admission": "queue",
            "backoff": { "firstMs": 1000, "maxMs": 30_000, "factor": 2.0, "jitter": "full" },
            "workload": { "apiVersion": version, "kind": name, "spec": {} },
        },
    }})
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "all of it is tests")]

    use solti_plugin_host::specs;

    use super::*;

    #[test]
    fn the_example_of_each_kind_is_a_spec_and_has_what_its_schema_requires() {
        for (kind, _) in KNOWN {
            let known = known(kind);
            let text = known["example"].to_string();
            let mut read = Vec::new();
            specs::read_bytes("example", text.as_bytes(), &[], &mut |spec| read.push(spec));
            assert!(read.pop().unwrap().is_ok(), "{kind}");
            let given = known["example"]["kind"][kind].as_object().unwrap();
            for field in given.keys() {
                assert!(!known["schema"]["properties"][field].is_null(), "{field}");
            }
            for field in known["schema"]["required"].as_array().unwrap() {
                assert!(given.contains_key(field.as_str().unwrap()), "{field}");
            }
        }
        let own = known("example.com/v1/Greeting");
        assert_eq!(
            own["example"]["spec"]["workload"]["apiVersion"],
            "example.com/v1"
        );
    }
}
