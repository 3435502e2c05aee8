//! Whether the service lives, and is ready.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::app::App;

/// `GET /livez`.
pub(super) async fn livez() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: whether new tasks are taken, and why not.
pub(super) async fn readyz(State(app): State<Arc<App>>) -> Response {
    let reasons = why_not_ready(&app);
    let (status, word) = if reasons.is_empty() {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    };
    (status, Json(json!({ "status": word, "reasons": reasons }))).into_response()
}

/// Why new tasks are not taken.
pub(crate) fn why_not_ready(app: &App) -> Vec<String> {
    let mut reasons = Vec::new();
    if app.tasks.is_stopping() {
        reasons.push("the service is about to stop".to_owned());
    }
    for plugin in app.plugins.missing() {
        reasons.push(format!("plugin {plugin}, which is required, is not loaded"));
    }
    if let Some(reason) = app.tasks.store.failing() {
        reasons.push(reason);
    }
    reasons
}
