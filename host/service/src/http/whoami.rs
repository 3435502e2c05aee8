//! `GET /v1/whoami`: what a client may do, and what it talks to.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use serde_json::{Value, json};

use super::app::App;
use crate::access::Role;
use crate::time::{now, rfc3339};

/// The route.
pub(super) async fn whoami(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
) -> Json<Value> {
    Json(json!({
        "role": role.to_string(),
        "service": {
            "name": "solti-host",
            "version": env!("CARGO_PKG_VERSION"),
            "queue": app.has_queue(),
        },
        "time": rfc3339(now()),
    }))
}
