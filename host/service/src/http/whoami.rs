//! `GET /v1/whoami`: what a client may do, and what it talks to.

use axum::Json;
use axum::extract::Extension;
use serde_json::{Value, json};

use crate::access::Role;
use crate::time::{now, rfc3339};

/// The route.
pub(super) async fn whoami(Extension(role): Extension<Role>) -> Json<Value> {
    Json(json!({
        "role": role.to_string(),
        "service": {
            "name": "solti-host",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "time": rfc3339(now()),
    }))
}
