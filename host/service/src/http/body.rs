//! Takes the body of a request, within a time and a size.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http_body::Body as _;
use tokio::time::timeout;

use super::app::App;
use super::error::Problem;

/// The most that a request may hold: what the routes of 0.0.8 take.
const MOST: usize = solti_api::MAX_REQUEST_BYTES;

/// Takes the whole body before anything is done with it: a client that sends slowly holds up nobody.
pub(super) async fn take(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) || request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let too_large = || {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            format!("the request has more than {MOST} bytes"),
        )
    };
    if body.size_hint().lower() > MOST as u64 {
        return too_large().into_response();
    }
    let time = app.limits.body_time;
    let bytes = match timeout(time, to_bytes(body, MOST)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(err)) => {
            let is_length = std::error::Error::source(&err)
                .is_some_and(|source| source.to_string().contains("length limit"));
            if is_length {
                return too_large().into_response();
            }
            let message = format!("the request was not sent whole: {err}");
            return Problem::bad("incomplete", message).into_response();
        }
        Err(_) => {
            let message = format!(
                "the request was not sent within {}",
                humantime::format_duration(time)
            );
            return Problem::new(StatusCode::REQUEST_TIMEOUT, "too_slow", message).into_response();
        }
    };
    next.run(Request::from_parts(parts, Body::from(bytes)))
        .await
}
