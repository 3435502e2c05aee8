//! Whether the service lives, is ready, and what it counts.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::app::App;

/// `GET /livez`.
pub(super) async fn livez() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: whether new tasks are taken, and why not.
pub(super) async fn readyz(State(app): State<Arc<App>>) -> Response {
    let mut reasons = Vec::new();
    if app.tasks.is_stopping() {
        reasons.push("the service is about to stop".to_owned());
    }
    for plugin in &app.missing {
        reasons.push(format!("plugin {plugin}, which is required, is not loaded"));
    }
    if let Some(reason) = app.tasks.store.failing() {
        reasons.push(reason);
    }
    let (status, word) = if reasons.is_empty() {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    };
    (status, Json(json!({ "status": word, "reasons": reasons }))).into_response()
}

/// `GET /metrics`, in Prometheus' text format.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let mut text = String::new();
    app.tasks.counters.write(&mut text);
    let (all, ended) = app.tasks.store.counts().unwrap_or_default();
    let (bytes, lost) = app.tasks.outputs.bytes();
    for (name, kind, help, value) in [
        (
            "solti_tasks_active",
            "gauge",
            "Tasks that have not ended.",
            app.tasks.active() as u64,
        ),
        ("solti_tasks_stored", "gauge", "Tasks in the store.", all),
        (
            "solti_tasks_stored_ended",
            "gauge",
            "Tasks in the store that have ended.",
            ended,
        ),
        (
            "solti_output_bytes",
            "gauge",
            "Bytes of output that are kept.",
            bytes,
        ),
        (
            "solti_output_lost_bytes_total",
            "counter",
            "Bytes of output that were left out, since the disk was full.",
            lost,
        ),
        (
            "solti_http_requests_total",
            "counter",
            "Requests.",
            app.requests.load(Ordering::Relaxed),
        ),
    ] {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}"
        );
    }
    text.push_str(&app.tasks.report.metrics());
    text.push_str(&app.tasks.report.plugin_metrics());
    let content = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, content)], text).into_response()
}
