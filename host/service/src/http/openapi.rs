//! The description of all routes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::app::App;

/// Our own routes: method, path, and what it does.
const OWN: [(&str, &str, &str); 11] = [
    (
        "post",
        "/v1/tasks",
        "Run a task, or an array of them, as `solti-host run` takes them",
    ),
    ("get", "/v1/tasks", "List tasks, the newest first"),
    ("get", "/v1/tasks/{name}", "Get a task"),
    (
        "delete",
        "/v1/tasks/{name}",
        "Remove a task, its record and its output",
    ),
    ("post", "/v1/tasks/{name}/cancel", "Have a task end"),
    (
        "get",
        "/v1/tasks/{name}/output",
        "What a task wrote, from its first byte",
    ),
    (
        "get",
        "/v1/plugins",
        "What became of each file of the plugin directory",
    ),
    (
        "get",
        "/metrics",
        "What is counted, in Prometheus' text format",
    ),
    ("get", "/livez", "Whether the service lives"),
    ("get", "/readyz", "Whether the service takes tasks"),
    ("get", "/openapi.json", "This description"),
];

/// The description of the routes of 0.0.8, and of ours.
pub(super) fn document(published: &impl serde::Serialize) -> Value {
    let mut document = serde_json::to_value(published).unwrap_or_else(|_| json!({}));
    document["info"] = json!({
        "title": "solti-host serve",
        "version": env!("CARGO_PKG_VERSION"),
    });
    for (method, path, summary) in OWN {
        let parameters: Vec<_> = path
            .contains("{name}")
            .then(|| json!({"name": "name", "in": "path", "required": true, "schema": {"type": "string"}}))
            .into_iter()
            .collect();
        document["paths"][path][method] = json!({
            "summary": summary,
            "parameters": parameters,
            "responses": {
                "200": {"description": "Done"},
                "default": {"description": "`error` with `code`, `message`, and `field` where it is one"},
            },
        });
    }
    document
}

/// `GET /openapi.json`.
pub(super) async fn openapi(State(app): State<Arc<App>>) -> Json<Value> {
    Json(app.openapi.clone())
}
