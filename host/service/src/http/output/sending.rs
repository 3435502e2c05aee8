//! Sends a client what comes next, as bytes or as events.

use std::io;
use std::time::Duration;

use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::wanted::Wanted;
use crate::output::{
    Cursor, Frame, Kind, Line, Lines, Read, Reader, write_end, write_frame, write_gone,
    write_position,
};
use crate::time::rfc3339;

/// How often a stream of events says that it lives when there is nothing to tell.
const ALIVE: Duration = Duration::from_secs(15);

/// What a client is sent at once, in bytes.
const AT_ONCE: usize = 64 << 10;

type Sender = mpsc::Sender<io::Result<Bytes>>;

/// A client that is sent output.
pub(super) struct Sending {
    pub(super) reader: Reader,
    pub(super) wanted: Wanted,
    pub(super) follow: bool,
    pub(super) chunks: Sender,
    pub(super) closing: CancellationToken,
    /// Given back when the client has gone.
    #[expect(dead_code, reason = "it is held, and never looked at")]
    pub(super) permit: Option<OwnedSemaphorePermit>,
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
    pub(super) async fn bytes(mut self, mut skip: u64) {
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
                if !self.wanted.selection.takes(frame.attempt, stream) {
                    continue;
                }
                let bytes = behind_lines(frame.payload, &mut skip);
                if !bytes.is_empty() && self.chunks.send(Ok(bytes)).await.is_err() {
                    return;
                }
            }
        }
    }

    /// Sends entries of the log as they are in it, and where they stand.
    pub(super) async fn frames(mut self, mut skip: u64) {
        let mut expected = None;
        let mut bytes = Vec::new();
        loop {
            let ended = match self.next().await {
                Ok(Next::Frames(frames)) => {
                    for frame in &frames {
                        self.add_frame(&mut bytes, frame, &mut expected, &mut skip);
                        if bytes.len() >= AT_ONCE && !self.send_bytes(&mut bytes).await {
                            return;
                        }
                    }
                    false
                }
                Ok(Next::Gone(gone)) => {
                    write_gone(&mut bytes, gone);
                    expected = None;
                    false
                }
                // So that either side finds out when the other has gone.
                Ok(Next::Quiet) => {
                    let position = expected.unwrap_or_default();
                    if expected.is_some() {
                        write_position(&mut bytes, position);
                    }
                    false
                }
                Ok(Next::End(reason)) => {
                    write_end(&mut bytes, reason);
                    true
                }
                Err(err) => {
                    write_end(&mut bytes, &format!("the output cannot be read: {err}"));
                    true
                }
            };
            if !self.send_bytes(&mut bytes).await || ended {
                return;
            }
        }
    }

    fn add_frame(
        &self,
        bytes: &mut Vec<u8>,
        frame: &Frame,
        expected: &mut Option<u64>,
        skip: &mut u64,
    ) {
        let is_wanted = match frame.kind {
            Kind::Data(stream) | Kind::Lost { stream, .. } => {
                self.wanted.selection.takes(frame.attempt, stream)
            }
            Kind::Started | Kind::Finished { .. } => {
                self.wanted.selection.takes_attempt(frame.attempt)
            }
        };
        if !is_wanted {
            return;
        }
        if *expected != Some(frame.offset) {
            write_position(bytes, frame.offset);
        }
        let behind = frame.offset + frame.size();
        let payload = if matches!(frame.kind, Kind::Data(_)) {
            behind_lines(frame.payload.clone(), skip)
        } else {
            Bytes::new()
        };
        write_frame(
            bytes,
            frame.kind,
            frame.flags,
            frame.attempt,
            (0, frame.first_line),
            frame.time,
            &payload,
        );
        if matches!(frame.kind, Kind::Data(_)) && payload.len() < frame.payload.len() {
            write_position(bytes, behind);
        }
        *expected = Some(behind);
    }

    async fn send_bytes(&self, bytes: &mut Vec<u8>) -> bool {
        if bytes.is_empty() {
            return true;
        }
        let chunk = Bytes::from(std::mem::take(bytes));
        self.chunks.send(Ok(chunk)).await.is_ok()
    }

    /// Sends an event for each line.
    pub(super) async fn events(mut self, mut lines: Lines) {
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
            if self.wanted.selection.takes(attempt, stream) {
                lines.take(frame, |line| add_line(text, &line, &self.wanted));
            }
            return;
        }
        lines.take(frame, |line| add_line(text, &line, &self.wanted));
        if !self.wanted.selection.takes_attempt(attempt) || !from.is_before(frame) {
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
    if !wanted.selection.takes(line.attempt, line.stream) {
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
