//! `GET /v1/tasks/{name}/output`: what a task wrote, from its first byte, at any time.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use super::app::App;
use super::error::Problem;
use super::query::pairs;
use crate::output::{Cursor, Frame, Kind, Line, Lines, Read, Reader, Stream};
use crate::time::{millis, rfc3339};

/// How often a stream of events says that it lives when there is nothing to tell.
const ALIVE: Duration = Duration::from_secs(15);

/// What a client is sent at once, in bytes.
const AT_ONCE: usize = 64 << 10;

type Sender = mpsc::Sender<io::Result<Bytes>>;

/// What is asked for.
#[derive(Debug, Clone, Default)]
struct Wanted {
    attempt: Option<u32>,
    stream: Option<Stream>,
    tail: Option<u64>,
    since: Option<u64>,
    follow: Option<bool>,
}

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Events,
    Text,
    Raw,
}

impl Wanted {
    fn takes(&self, attempt: u32, stream: Stream) -> bool {
        self.attempt.is_none_or(|wanted| wanted == attempt)
            && self.stream.is_none_or(|wanted| wanted == stream)
    }

    fn takes_attempt(&self, attempt: u32) -> bool {
        self.attempt.is_none_or(|wanted| wanted == attempt)
    }

    fn of(query: &str) -> Result<Self, Problem> {
        let mut wanted = Self::default();
        for (name, value) in pairs(query) {
            match name.as_str() {
                "attempt" => {
                    let number = value.parse().ok().filter(|number| *number > 0);
                    wanted.attempt = Some(number.ok_or_else(|| {
                        Problem::parameter("attempt", &value, "the number of an attempt, from 1")
                    })?);
                }
                "stream" => {
                    wanted.stream = match value.as_str() {
                        "stdout" => Some(Stream::Stdout),
                        "stderr" => Some(Stream::Stderr),
                        _ => {
                            return Err(Problem::parameter(
                                "stream",
                                &value,
                                "stdout or stderr; both when it is left out",
                            ));
                        }
                    };
                }
                "tail" => {
                    wanted.tail =
                        Some(value.parse().map_err(|_| {
                            Problem::parameter("tail", &value, "a number of lines")
                        })?);
                }
                "since" => {
                    wanted.since = Some(since(&value).ok_or_else(|| {
                        Problem::parameter(
                            "since",
                            &value,
                            "a time such as 2026-01-31T12:00:00Z, or how long ago, such as 5m",
                        )
                    })?);
                }
                "follow" => {
                    wanted.follow = Some(
                        value
                            .parse()
                            .map_err(|_| Problem::parameter("follow", &value, "true or false"))?,
                    );
                }
                _ => {
                    return Err(Problem::bad(
                        "invalid",
                        format!("{name}: unknown, expected attempt, stream, tail, since or follow"),
                    )
                    .in_field(name));
                }
            }
        }
        Ok(wanted)
    }
}

/// A point in time, or how long ago one is.
fn since(text: &str) -> Option<u64> {
    if let Ok(ago) = humantime::parse_duration(text) {
        return SystemTime::now().checked_sub(ago).map(millis);
    }
    humantime::parse_rfc3339_weak(text).ok().map(millis)
}

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
            Problem::bad(
                "invalid",
                format!("Last-Event-ID: is {text:?}, expected the id of an event of this task"),
            )
            .in_field("Last-Event-ID")
        })?;
        lines = Lines::behind(cursor);
    } else if let Some(tail) = wanted.tail {
        let takes = wanted.clone();
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
        _permit: permit,
    };
    let content = match form {
        Form::Events => {
            tokio::spawn(sending.events(lines));
            "text/event-stream"
        }
        Form::Text => {
            tokio::spawn(sending.bytes(lines.skip));
            "text/plain; charset=utf-8"
        }
        Form::Raw => {
            tokio::spawn(sending.bytes(lines.skip));
            "application/octet-stream"
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
    } else if accept.contains("application/octet-stream") {
        Form::Raw
    } else {
        Form::Text
    }
}

/// A client that is sent output.
struct Sending {
    reader: Reader,
    wanted: Wanted,
    follow: bool,
    chunks: Sender,
    closing: CancellationToken,
    /// Given back when the client has gone.
    _permit: Option<OwnedSemaphorePermit>,
}

/// What comes next for a client.
enum Next {
    Frames(Vec<Frame>),
    Gone(u64),
    /// Nothing for some time.
    Quiet,
    /// There will be no more.
    End(&'static str),
}

impl Sending {
    async fn next(&mut self) -> io::Result<Next> {
        loop {
            match self.reader.read().await? {
                Read::Frames(frames) => return Ok(Next::Frames(frames)),
                Read::Gone { bytes } => return Ok(Next::Gone(bytes)),
                Read::Nothing if !self.follow => return Ok(Next::End("so far")),
                Read::Nothing => {}
            }
            tokio::select! {
                biased;
                () = self.closing.cancelled() => return Ok(Next::End("the service stops")),
                () = self.chunks.closed() => return Ok(Next::End("the client has gone")),
                more = timeout(ALIVE, self.reader.wait()) => match more {
                    Ok(true) => {}
                    Ok(false) => return Ok(Next::End("complete")),
                    Err(_) => return Ok(Next::Quiet),
                },
            }
        }
    }

    /// Sends bytes as they were written.
    async fn bytes(mut self, mut skip: u64) {
        loop {
            let frames = match self.next().await {
                Ok(Next::Frames(frames)) => frames,
                Ok(Next::Gone(_) | Next::Quiet) => continue,
                Ok(Next::End(_)) => return,
                Err(err) => {
                    // The client is to see that it is not whole.
                    let _ = self.chunks.send(Err(err)).await;
                    return;
                }
            };
            for frame in frames {
                let Kind::Data(stream) = frame.kind else {
                    continue;
                };
                if !self.wanted.takes(frame.attempt, stream) {
                    continue;
                }
                let bytes = behind_lines(frame.payload, &mut skip);
                if !bytes.is_empty() && self.chunks.send(Ok(bytes)).await.is_err() {
                    return;
                }
            }
        }
    }

    /// Sends an event for each line.
    async fn events(mut self, mut lines: Lines) {
        let from = lines.from();
        let mut text = String::new();
        loop {
            let next = match self.next().await {
                Ok(next) => next,
                Err(err) => Next::End(if err.kind() == io::ErrorKind::NotFound {
                    "the output is not kept any more"
                } else {
                    "the output cannot be read"
                }),
            };
            match next {
                Next::Frames(frames) => {
                    for frame in &frames {
                        self.add(&mut text, &mut lines, frame, from);
                        if text.len() >= AT_ONCE && !self.send(&mut text).await {
                            return;
                        }
                    }
                }
                Next::Gone(bytes) => {
                    event(&mut text, "gap", None, &json!({ "bytes": bytes }));
                }
                Next::Quiet => text.push_str(": alive\n\n"),
                Next::End(reason) => {
                    lines.end(|line| add_line(&mut text, &line, &self.wanted));
                    event(&mut text, "end", None, &json!({ "reason": reason }));
                    self.send(&mut text).await;
                    return;
                }
            }
            if !self.send(&mut text).await {
                return;
            }
        }
    }

    fn add(&self, text: &mut String, lines: &mut Lines, frame: &Frame, from: Cursor) {
        let attempt = frame.attempt;
        if let Kind::Data(stream) = frame.kind {
            if self.wanted.takes(attempt, stream) {
                lines.take(frame, |line| add_line(text, &line, &self.wanted));
            }
            return;
        }
        lines.take(frame, |line| add_line(text, &line, &self.wanted));
        if !self.wanted.takes_attempt(attempt) || !from.is_before(frame) {
            return;
        }
        let time = rfc3339(frame.time);
        let id = Cursor::behind_frame(frame);
        match frame.kind {
            Kind::Started => {
                let data = json!({ "attempt": attempt, "time": time });
                event(text, "started", Some(&id), &data);
            }
            Kind::Finished { exit_code } => {
                let data = json!({ "attempt": attempt, "time": time, "exitCode": exit_code });
                event(text, "finished", Some(&id), &data);
            }
            Kind::Lost {
                stream,
                bytes,
                lines,
            } => {
                let data = json!({
                    "attempt": attempt, "stream": stream.as_str(), "bytes": bytes, "lines": lines,
                });
                event(text, "gap", Some(&id), &data);
            }
            Kind::Data(_) => {}
        }
    }

    /// Sends what there is; `false` when the client has gone.
    async fn send(&self, text: &mut String) -> bool {
        if text.is_empty() {
            return true;
        }
        let chunk = Bytes::from(std::mem::take(text));
        self.chunks.send(Ok(chunk)).await.is_ok()
    }
}

fn add_line(text: &mut String, line: &Line, wanted: &Wanted) {
    if !wanted.takes(line.attempt, line.stream) {
        return;
    }
    let shown = String::from_utf8_lossy(&line.bytes);
    let mut data = json!({
        "attempt": line.attempt,
        "stream": line.stream.as_str(),
        "line": line.number,
        "time": rfc3339(line.time),
        "text": shown,
    });
    if str::from_utf8(&line.bytes).is_err() {
        data["base64"] = BASE64.encode(&line.bytes).into();
    }
    if line.partial {
        data["partial"] = true.into();
    }
    event(text, "line", Some(&line.cursor), &data);
}

fn event(text: &mut String, name: &str, id: Option<&Cursor>, data: &Value) {
    use std::fmt::Write as _;
    // Writing to a string cannot fail; JSON has no line ends in it.
    if let Some(id) = id {
        let _ = writeln!(text, "id: {id}");
    }
    let _ = write!(text, "event: {name}\ndata: {data}\n\n");
}

/// What of these bytes is behind so many lines.
fn behind_lines(bytes: Bytes, skip: &mut u64) -> Bytes {
    let mut at = 0;
    while *skip > 0 {
        let Some(end) = memchr::memchr(b'\n', &bytes[at..]) else {
            return Bytes::new();
        };
        at += end + 1;
        *skip -= 1;
    }
    bytes.slice(at..)
}

/// All bytes that there are, with their number; or a range of them.
async fn whole(
    mut reader: Reader,
    wanted: Wanted,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let broken = |err: io::Error| Problem::internal(format!("the output cannot be read: {err}"));
    let takes = wanted.clone();
    let total = reader
        .bytes(move |attempt, stream| takes.takes(attempt, stream))
        .await
        .map_err(broken)?;
    let (status, begin, end) = match range_of(headers, total) {
        None => (StatusCode::OK, 0, total),
        Some(Some((begin, end))) => (StatusCode::PARTIAL_CONTENT, begin, end),
        Some(None) => {
            let problem = Problem::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "range_beyond_end",
                format!("Range: begins beyond the end, there are {total} bytes"),
            );
            let mut response = problem.into_response();
            let value = HeaderValue::try_from(format!("bytes */{total}"));
            if let Ok(value) = value {
                response.headers_mut().insert(header::CONTENT_RANGE, value);
            }
            return Ok(response);
        }
    };
    let (chunks, body) = mpsc::channel(1);
    tokio::spawn(send_range(reader, wanted, begin, end, chunks));
    let mut response = (status, Body::from_stream(ReceiverStream::new(body))).into_response();
    let set = response.headers_mut();
    let fixed = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::ACCEPT_RANGES, "bytes"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in fixed {
        set.insert(name, HeaderValue::from_static(value));
    }
    set.insert(header::CONTENT_LENGTH, HeaderValue::from(end - begin));
    if status == StatusCode::PARTIAL_CONTENT
        && let Ok(value) = HeaderValue::try_from(format!("bytes {begin}-{}/{total}", end - 1))
    {
        set.insert(header::CONTENT_RANGE, value);
    }
    Ok(response)
}

/// Sends the bytes from one number to another.
async fn send_range(mut reader: Reader, wanted: Wanted, begin: u64, end: u64, chunks: Sender) {
    let mut at = 0;
    while at < end {
        let frames = match reader.read().await {
            Ok(Read::Frames(frames)) => frames,
            Ok(Read::Gone { .. }) => continue,
            Ok(Read::Nothing) => return,
            Err(err) => {
                // The client is to see that it is not whole.
                let _ = chunks.send(Err(err)).await;
                return;
            }
        };
        for frame in frames {
            let Kind::Data(stream) = frame.kind else {
                continue;
            };
            if !wanted.takes(frame.attempt, stream) {
                continue;
            }
            let length = frame.payload.len() as u64;
            let from = begin.saturating_sub(at).min(length);
            let to = end.saturating_sub(at).min(length);
            at += length;
            if from < to {
                let piece = frame.payload.slice(from as usize..to as usize);
                if chunks.send(Ok(piece)).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// The range that is asked for: none, one that there is, or one beyond the end.
#[expect(clippy::option_option, reason = "none asked for, and none to be had")]
fn range_of(headers: &HeaderMap, total: u64) -> Option<Option<(u64, u64)>> {
    let text = headers.get(header::RANGE)?.to_str().ok()?;
    // Several ranges at once may be answered as none.
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let (begin, end) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(begin), Ok(last)) if last >= begin => (begin, (last + 1).min(total)),
        (Ok(begin), Err(_)) if last.is_empty() => (begin, total),
        (Err(_), Ok(count)) if first.is_empty() => (total.saturating_sub(count), total),
        _ => return None,
    };
    Some((begin < end).then_some((begin, end)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "all of it is tests")]

    use super::*;

    #[test]
    fn a_range_is_what_is_there_of_it() {
        let range = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, text.parse().unwrap());
            range_of(&headers, 100)
        };
        for (text, expected) in [
            ("bytes=0-9", Some(Some((0, 10)))),
            ("bytes=90-", Some(Some((90, 100)))),
            ("bytes=90-1000", Some(Some((90, 100)))),
            ("bytes=-5", Some(Some((95, 100)))),
            ("bytes=100-", Some(None)),
            ("bytes=9-3", None),
            ("lines=1-2", None),
            ("bytes=0-1,5-6", None),
        ] {
            assert_eq!(range(text), expected, "{text}");
        }
    }
}
