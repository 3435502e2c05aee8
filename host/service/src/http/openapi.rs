//! The description of all routes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::app::App;

/// A route of our own.
struct Route {
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    /// The parameters of its query: name, what it is, and an example.
    query: &'static [(&'static str, &'static str, &'static str)],
    /// What it answers: a status, a type, and a schema of [`schemas`] where there is one.
    answer: (&'static str, &'static str, Option<&'static str>),
}

const JSON: &str = "application/json";
const TEXT: &str = "text/plain";

/// Our own routes.
const OWN: &[Route] = &[
    Route {
        method: "post",
        path: "/v1/tasks",
        summary: "Run a task, or an array of them, as `solti-host run` takes them",
        query: &[],
        answer: ("201", JSON, Some("ServedTask")),
    },
    Route {
        method: "get",
        path: "/v1/tasks",
        summary: "List tasks, the newest first",
        query: &[
            (
                "limit",
                "how many at most, from 1 to 1000; 100 if not given",
                "10",
            ),
            ("before", "what `next` of the list before was", "100"),
            (
                "ended",
                "only those that have ended, or only the others",
                "true",
            ),
            (
                "phase",
                "only those in one of these phases",
                "failed,timeout",
            ),
            ("slot", "only those of this slot", "nightly"),
            ("kind", "only those of this kind", "subprocess"),
            (
                "plugin",
                "only those that this plugin has run",
                "subprocess",
            ),
            ("label", "only those with this label", "zone=eu"),
            ("prefix", "only those whose names begin so", "nightly-"),
        ],
        answer: ("200", JSON, Some("ServedTaskList")),
    },
    Route {
        method: "get",
        path: "/v1/tasks/{name}",
        summary: "Get a task, with its attempts and its spec",
        query: &[],
        answer: ("200", JSON, Some("ServedTask")),
    },
    Route {
        method: "delete",
        path: "/v1/tasks/{name}",
        summary: "End a task, and remove its record and its output",
        query: &[],
        answer: ("204", JSON, None),
    },
    Route {
        method: "post",
        path: "/v1/tasks/{name}/cancel",
        summary: "Have a task end",
        query: &[],
        answer: ("200", JSON, None),
    },
    Route {
        method: "post",
        path: "/v1/tasks/{name}/retry",
        summary: "Run a task like it, under another name",
        query: &[],
        answer: ("201", JSON, Some("ServedTask")),
    },
    Route {
        method: "get",
        path: "/v1/tasks/{name}/lines",
        summary: "Lines of a task by their numbers, or those with a text",
        query: &[
            ("from", "the number of the first, from 0", "0"),
            (
                "count",
                "how many at most, from 1 to 2000; 200 if not given",
                "10",
            ),
            ("attempt", "of one attempt, from 1", "1"),
            ("stream", "of `stdout` or `stderr` alone", "stdout"),
            ("search", "only those with this text", "error"),
            ("case", "whether capital letters count in that", "false"),
        ],
        answer: ("200", JSON, Some("ServedLines")),
    },
    Route {
        method: "get",
        path: "/v1/kinds",
        summary: "What plugins take now, with a schema and an example",
        query: &[],
        answer: ("200", JSON, None),
    },
    Route {
        method: "get",
        path: "/v1/whoami",
        summary: "The role of who asks, and the service's version and time",
        query: &[],
        answer: ("200", JSON, None),
    },
    #[cfg(feature = "queue")]
    Route {
        method: "get",
        path: "/v1/queue",
        summary: "This service in the queue that hosts share, and how the whole of it is",
        query: &[],
        answer: ("200", JSON, None),
    },
    #[cfg(feature = "queue")]
    Route {
        method: "post",
        path: "/v1/queue/dead/{name}/retry",
        summary: "Put a dead letter back into the queue",
        query: &[],
        answer: ("200", JSON, None),
    },
    Route {
        method: "get",
        path: "/v1/tasks/{name}/output",
        summary: "What a task wrote, from its first byte: as text, as bytes, or as events, by `Accept`",
        query: &[
            ("attempt", "of one attempt, from 1", "1"),
            ("stream", "of `stdout` or `stderr` alone", "stdout"),
            ("tail", "the last lines", "10"),
            ("since", "from a time on, or so long ago", "5m"),
            ("follow", "whether to wait for more", "false"),
        ],
        answer: ("200", TEXT, None),
    },
    Route {
        method: "get",
        path: "/v1/plugins",
        summary: "The plugins in service, those that were replaced, and what became of each other file",
        query: &[],
        answer: ("200", JSON, None),
    },
    Route {
        method: "get",
        path: "/v1/plugins/{name}",
        summary: "Get a plugin, with its memory and what it says of itself",
        query: &[],
        answer: ("200", JSON, Some("ServedPlugin")),
    },
    Route {
        method: "post",
        path: "/v1/plugins/reload",
        summary: "Look at the plugin directory now, and take what has come, changed and gone",
        query: &[],
        answer: ("200", JSON, Some("ServedChanges")),
    },
    Route {
        method: "post",
        path: "/v1/plugins/{name}/retire",
        summary: "Give a plugin no more tasks",
        query: &[],
        answer: ("200", JSON, Some("ServedPlugin")),
    },
    Route {
        method: "post",
        path: "/v1/plugins/{name}/reinstate",
        summary: "Give a plugin tasks again that was retired or has panicked too often",
        query: &[],
        answer: ("200", JSON, Some("ServedPlugin")),
    },
    Route {
        method: "get",
        path: "/metrics",
        summary: "What is counted, in Prometheus' text format",
        query: &[],
        answer: ("200", TEXT, None),
    },
    Route {
        method: "get",
        path: "/livez",
        summary: "Whether the service lives",
        query: &[],
        answer: ("200", TEXT, None),
    },
    Route {
        method: "get",
        path: "/readyz",
        summary: "Whether the service takes tasks, and why not",
        query: &[],
        answer: ("200", JSON, None),
    },
    Route {
        method: "get",
        path: "/openapi.json",
        summary: "This description",
        query: &[],
        answer: ("200", JSON, None),
    },
];

/// The description of the routes of 0.0.8, and of ours.
pub(super) fn document(published: &impl serde::Serialize) -> Value {
    let mut document = serde_json::to_value(published).unwrap_or_else(|_| json!({}));
    document["info"] = json!({
        "title": "solti-host serve",
        "version": env!("CARGO_PKG_VERSION"),
    });
    for route in OWN {
        document["paths"][route.path][route.method] = operation(route);
    }
    for (name, schema) in schemas() {
        document["components"]["schemas"][name] = schema;
    }
    document
}

fn operation(route: &Route) -> Value {
    let name =
        json!({"name": "name", "in": "path", "required": true, "schema": {"type": "string"}});
    let in_path = route.path.contains("{name}").then_some(name);
    let in_query = route.query.iter().map(|(name, what, example)| {
        json!({
            "name": name, "in": "query", "description": what, "example": example,
            "schema": {"type": "string"},
        })
    });
    let (status, content, schema) = route.answer;
    let mut done = json!({"description": "Done"});
    if status != "204" {
        let schema = schema.map_or_else(|| json!({}), reference);
        done["content"][content]["schema"] = schema;
    }
    let mut operation = json!({
        "summary": route.summary,
        "parameters": in_path.into_iter().chain(in_query).collect::<Vec<_>>(),
        "responses": {
            status: done,
            "default": {
                "description": "Why not",
                "content": {JSON: {"schema": reference("ServedError")}},
            },
        },
    });
    if (route.method, route.path) == ("post", "/v1/tasks") {
        operation["requestBody"] = json!({
            "required": true,
            "content": {JSON: {"schema": reference("ServedSpec")}},
        });
    }
    operation
}

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

/// What our own routes take and answer.
fn schemas() -> [(&'static str, Value); 7] {
    let text = || json!({"type": "string"});
    let number = || json!({"type": "integer"});
    let time = || json!({"type": "string", "format": "date-time"});
    let run = json!({
        "type": "object",
        "required": ["attempt", "phase", "started"],
        "properties": {
            "attempt": number(), "phase": text(), "started": time(), "finished": time(),
            "exitCode": number(), "error": text(),
        },
    });
    let interruption = json!({
        "type": "object",
        "required": ["found", "then"],
        "properties": {"found": time(), "then": text()},
    });
    let task = json!({
        "type": "object",
        "required": ["name", "phase", "slot", "kind", "created", "attempts", "onInterrupt"],
        "properties": {
            "name": text(), "phase": text(), "slot": text(), "kind": text(),
            "plugins": {"type": "array", "items": text()}, "retryOf": text(),
            "labels": {"type": "object", "additionalProperties": text()},
            "created": time(), "ended": time(), "attempts": number(), "exitCode": number(),
            "error": text(), "onInterrupt": {"enum": ["rerun", "fail"]},
            "interruptions": {"type": "array", "items": interruption},
            "runs": {"type": "array", "items": run},
            "spec": {"type": "object"},
        },
    });
    let list = json!({
        "type": "object",
        "required": ["tasks"],
        "properties": {
            "tasks": {"type": "array", "items": reference("ServedTask")},
            "next": number(),
        },
    });
    let spec = json!({
        "description": "A spec as `solti-host run` takes it, or an array of them",
        "type": "object",
        "required": ["slot", "timeout", "kind"],
        "properties": {
            "slot": text(),
            "timeout": {"description": "such as \"5s\", or milliseconds"},
            "kind": {"type": "object"},
            "name": text(),
            "onInterrupt": {"enum": ["rerun", "fail"]},
            "idempotencyKey": text(),
        },
    });
    let error = json!({
        "type": "object",
        "required": ["error"],
        "properties": {"error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": text(), "message": text(), "field": text()},
        }},
    });
    let plugin = json!({
        "type": "object",
        "required": ["name", "file", "version", "abi", "runners", "state", "attempts", "panics"],
        "properties": {
            "name": text(), "file": text(), "version": text(), "abi": number(), "sha256": text(),
            "size": number(), "signature": {"type": "object"},
            "runners": {"type": "array", "items": {"type": "object"}},
            "state": {"enum": ["active", "retired"]},
            "attempts": {"type": "object", "additionalProperties": number()},
            "panics": number(),
            "lastError": {"type": "object", "properties": {"at": time(), "text": text()}},
            "memory": {"type": "object", "additionalProperties": number()},
            "health": {"type": "object"}, "description": {"type": "object"},
        },
    });
    let line = json!({
        "type": "object",
        "required": ["number", "attempt", "stream", "time", "text"],
        "properties": {
            "number": number(), "attempt": number(), "stream": {"enum": ["stdout", "stderr"]},
            "time": time(), "text": text(), "bytes": number(), "partial": {"type": "boolean"},
            "lost": number(),
        },
    });
    let lines = json!({
        "type": "object",
        "required": ["first", "total", "complete"],
        "properties": {
            "first": number(), "total": number(), "complete": {"type": "boolean"},
            "lines": {"type": "array", "items": line.clone()},
            "matches": {"type": "array", "items": line},
            "next": number(),
        },
    });
    let change = || json!({"type": "array", "items": {"type": "object"}});
    let changes = json!({
        "type": "object",
        "required": ["added", "replaced", "renewed", "retired", "refused", "unchanged"],
        "properties": {
            "added": change(), "replaced": change(), "renewed": change(), "retired": change(),
            "refused": change(), "unchanged": number(),
        },
    });
    [
        ("ServedPlugin", plugin),
        ("ServedChanges", changes),
        ("ServedLines", lines),
        ("ServedTask", task),
        ("ServedTaskList", list),
        ("ServedSpec", spec),
        ("ServedError", error),
    ]
}

/// `GET /openapi.json`.
pub(super) async fn openapi(State(app): State<Arc<App>>) -> Json<Value> {
    Json(app.openapi.clone())
}
