//! The queue that hosts share, as this service sees it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};
use solti_plugin_queue::QueueError;

use super::app::App;
use super::error::Problem;
use crate::queue::Member;

/// `GET /v1/queue`: this service in the queue, and how the whole of it is.
pub(super) async fn queue(State(app): State<Arc<App>>) -> Result<Json<Value>, Problem> {
    Ok(Json(member(&app)?.view().await))
}

/// `POST /v1/queue/dead/{name}/retry`: puts a dead letter back into the queue.
pub(super) async fn retry(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    let queue = member(&app)?.queue().map_err(|why| away(&why))?;
    match queue.retry(&name).await {
        Ok(()) => Ok(Json(json!({ "name": name }))),
        Err(QueueError::NotFound { .. }) => {
            let message = format!("the queue has no dead letter that is called {name}");
            Err(Problem::new(StatusCode::NOT_FOUND, "not_found", message))
        }
        Err(err) => Err(away(&err.to_string())),
    }
}

fn member(app: &App) -> Result<&Member, Problem> {
    app.queue.as_deref().ok_or_else(|| {
        let message = "this service takes tasks of no queue: it was started without `--queue`";
        Problem::new(StatusCode::NOT_FOUND, "not_found", message)
    })
}

fn away(why: &str) -> Problem {
    let message = format!("the queue cannot be asked at the moment: {why}");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "queue", message)
}
