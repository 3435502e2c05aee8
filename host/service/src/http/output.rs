//! `GET /v1/tasks/{name}/output`: what a task wrote, from its first byte, at any time.

mod range;
mod sending;
mod wanted;

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::app::App;
use super::error::Problem;
use crate::output::{Cursor, Lines};
use range::whole;
use sending::Sending;
use wanted::Wanted;

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Events,
    Text,
    Raw,
    Frames,
}

/// The media type of entries of a log, as they are in it.
const FRAMES: &str = "application/vnd.solti.frames";

/// The route.
pub(super) async fn output(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = Wanted::of(query.as_deref().unwrap_or_default())?;
    let seq = app.tasks.seq(&name)?;
    let mut reader = app.tasks.outputs.reader(seq);
    let form = form_of(&headers);
    if wanted.position.is_some() && form != Form::Frames {
        let message = format!("position: is for {FRAMES} alone");
        return Err(Problem::bad("invalid", message).in_field("position"));
    }
    let follow = wanted.follow.unwrap_or(form == Form::Events);
    let permit = if follow {
        let followers = Arc::clone(&app.tasks.outputs.followers);
        Some(followers.try_acquire_owned().map_err(|_| {
            Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_readers",
                format!(
                    "{} readers follow output, and no more at the same time (limits.readers)",
                    app.limits.readers
                ),
            )
        })?)
    } else {
        None
    };
    if form == Form::Raw && !follow {
        return whole(reader, wanted, &headers).await;
    }
    let broken = |err: io::Error| Problem::internal(format!("the output cannot be read: {err}"));
    let mut lines = Lines::default();
    if let Some(last) = headers.get("last-event-id") {
        let text = last.to_str().unwrap_or_default();
        let cursor: Cursor = text.parse().map_err(|()| {
            Problem::unexpected("Last-Event-ID", text, "the id of an event of this task")
        })?;
        lines = Lines::behind(cursor);
    } else if let Some(position) = wanted.position {
        lines = Lines::behind(Cursor::at(position));
    } else if let Some(tail) = wanted.tail {
        let takes = wanted.selection;
        let (position, skip) = reader
            .tail(tail, move |attempt, stream| takes.takes(attempt, stream))
            .await
            .map_err(broken)?;
        lines = Lines::behind(Cursor::at(position));
        lines.skip = skip;
    } else if let Some(time) = wanted.since {
        let position = reader.since(time).await.map_err(broken)?;
        lines = Lines::behind(Cursor::at(position));
    }
    reader.seek(lines.position());
    let (chunks, body) = mpsc::channel(1);
    let sending = Sending {
        reader,
        wanted,
        follow,
        chunks,
        closing: app.closing.clone(),
        permit,
    };
    let content = match form {
        Form::Events => {
            tokio::spawn(sending.events(lines));
            "text/event-stream"
        }
        Form::Frames => {
            tokio::spawn(sending.frames(lines.skip));
            FRAMES
        }
        Form::Text | Form::Raw => {
            tokio::spawn(sending.bytes(lines.skip));
            if form == Form::Text {
                "text/plain; charset=utf-8"
            } else {
                "application/octet-stream"
            }
        }
    };
    let headers = [
        (header::CONTENT_TYPE, content),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, Body::from_stream(ReceiverStream::new(body))).into_response())
}

fn form_of(headers: &HeaderMap) -> Form {
    let accept = headers.get(header::ACCEPT);
    let accept = accept.and_then(|it| it.to_str().ok()).unwrap_or("*/*");
    if accept.contains("text/event-stream") {
        Form::Events
    } else if accept.contains(FRAMES) {
        Form::Frames
    } else if accept.contains("application/octet-stream") {
        Form::Raw
    } else {
        Form::Text
    }
}
