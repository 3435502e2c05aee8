//! What is counted, in Prometheus' text format.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::app::App;
use super::health::why_not_ready;
use super::process;
use super::requests::{NO_ROUTE, method_of};
use crate::exposition::single;

/// `GET /metrics`. What it tells of tasks is counted where their states are committed: there is no queue
/// between that could overflow.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let mut text = String::new();
    app.tasks.counters.write(&mut text);
    let (all, ended) = app.tasks.store.counts().unwrap_or_default();
    let (bytes, lost) = app.tasks.outputs.bytes();
    let (active, running) = (app.tasks.active(), app.tasks.running());
    let is_ready = why_not_ready(&app).is_empty();
    for (name, kind, help, value) in [
        (
            "solti_ready",
            "gauge",
            "Whether new tasks are taken.",
            u64::from(is_ready),
        ),
        (
            "solti_tasks_active",
            "gauge",
            "Tasks that have not ended.",
            active as u64,
        ),
        (
            "solti_tasks_running",
            "gauge",
            "Tasks with an attempt under way.",
            running as u64,
        ),
        (
            "solti_tasks_waiting",
            "gauge",
            "Tasks that wait for their turn, their next attempt or their time.",
            active.saturating_sub(running) as u64,
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
    ] {
        single(&mut text, name, kind, help, value);
    }
    app.requests.write(&mut text);
    text.push_str(&app.runners.counts().prometheus());
    app.plugins.write(&mut text);
    app.tasks.outputs.written.write(&mut text);
    #[cfg(feature = "queue")]
    if let Some(queue) = &app.queue {
        queue.write(&mut text).await;
    }
    process::write(&mut text);
    let content = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, content)], text).into_response()
}

/// Counts a request.
pub(super) async fn count(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let method = method_of(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or(NO_ROUTE, MatchedPath::as_str)
        .to_owned();
    let began = Instant::now();
    let answer = next.run(request).await;
    let status = answer.status().as_u16();
    app.requests
        .answered(method, route, status, began.elapsed());
    answer
}
