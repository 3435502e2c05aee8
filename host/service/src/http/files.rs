//! Plugins, as the service's own API has them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use serde_json::Value;
use solti_plugin_host::live::Changes;

use super::app::App;
use super::auth::Peer;
use super::error::Problem;
use crate::plugins::{Cause, PluginView};
use crate::tasks::Refused;

/// `GET /v1/plugins`: the plugins in service, and what became of each other file of the directory.
pub(super) async fn plugins(State(app): State<Arc<App>>) -> Result<Json<Value>, Problem> {
    let view = app.plugins.view();
    view.map(Json)
        .map_err(|err| Problem::internal(err.to_string()))
}

/// `GET /v1/plugins/{name}`.
pub(super) async fn plugin(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Json<PluginView>, Problem> {
    let view = app.plugins.view_one(&name).await;
    view.map(Json).ok_or_else(|| not_in_service(&name))
}

/// `POST /v1/plugins/reload`: looks at the directory now, and says what that has changed.
pub(super) async fn reload(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
) -> Result<Json<Changes>, Problem> {
    if app.tasks.is_stopping() {
        return Err(Refused::Stopping.into());
    }
    let changes = app.plugins.reload(Cause::Request(peer.name())).await;
    changes.map(Json).map_err(|err| {
        let message = format!("{err}; the plugins stay as they are");
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "plugin_directory",
            message,
        )
    })
}

/// `POST /v1/plugins/{name}/retire`: gives a plugin no more tasks.
pub(super) async fn retire(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    Path(name): Path<String>,
) -> Result<Json<PluginView>, Problem> {
    if !app.plugins.retire(&name, &Cause::Request(peer.name())) {
        return Err(not_in_service(&name));
    }
    plugin(State(app), Path(name)).await
}

/// `POST /v1/plugins/{name}/reinstate`: gives a plugin tasks again that was retired, or has panicked too
/// often.
pub(super) async fn reinstate(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    Path(name): Path<String>,
) -> Result<Json<PluginView>, Problem> {
    if !app.plugins.reinstate(&name, &Cause::Request(peer.name())) {
        return Err(not_in_service(&name));
    }
    plugin(State(app), Path(name)).await
}

fn not_in_service(name: &str) -> Problem {
    let message = format!("no plugin in service is called {name}; /v1/plugins has those that are");
    Problem::new(StatusCode::NOT_FOUND, "not_found", message)
}
