//! Plugins, as the service's own API has them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::app::App;
use super::error::Problem;

/// `GET /v1/plugins`: what became of each file of the plugin directory.
pub(super) async fn plugins(State(app): State<Arc<App>>) -> Result<Json<Value>, Problem> {
    let report = serde_json::to_value(&*app.tasks.report);
    report
        .map(Json)
        .map_err(|err| Problem::internal(err.to_string()))
}
