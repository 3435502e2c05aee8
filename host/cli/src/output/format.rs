//! What the output of tasks looks like.

use std::io::Write as _;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::json;
use solti_model::{OutputEvent, StreamKind};
use solti_plugin_host::output::{TapBlock, TapEvent};

use super::lines::{End, Line};
use super::source::Source;
use crate::present::phrase::counted;
use crate::present::stamp;
use crate::present::style::{self, DIM};
use solti_plugin_host::supervise::Outcome;

/// What the events of tasks look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Bytes as they are, each stream where it belongs: for a single task.
    Plain,
    /// Lines with their slot in front, all on standard output; notes on standard error.
    Slots,
    /// One JSON object a line, all on standard output.
    Json,
}

/// Where something formatted goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Stdout,
    Stderr,
}

impl Format {
    /// JSON if `json`, or else this.
    pub(crate) fn or_json(self, json: bool) -> Self {
        if json { Self::Json } else { self }
    }

    /// Where a block goes.
    pub(super) fn target(self, block: &TapBlock) -> Target {
        match (self, block.stream) {
            (Self::Plain, StreamKind::Stderr) => Target::Stderr,
            _ => Target::Stdout,
        }
    }

    /// Appends a line, or a part of one.
    pub(super) fn append_line(self, source: &Source, line: &Line<'_>, out: &mut Vec<u8>) {
        if self == Self::Json {
            append_json_line(source, line, out);
            return;
        }
        let mut continues = line.part.is_some_and(|part| part > 0);
        for (at, bytes) in line.bytes.split(|byte| *byte == b'\n').enumerate() {
            if at > 0 {
                // What was pushed as one line and looks like several must not look like others'.
                out.push(b'\n');
                continues = true;
            }
            write!(out, "{}", stamp::before(line.time)).expect("a vector takes every byte");
            out.extend_from_slice(source.prefixes.line(line.stream, continues));
            out.extend_from_slice(bytes);
        }
        if line.end == End::CrLf {
            out.push(b'\r');
        }
        out.push(b'\n');
    }

    /// What is said of an event besides output, and where; in colours if `colour`.
    pub(super) fn note(
        self,
        source: &Source,
        event: &TapEvent,
        colour: bool,
    ) -> Option<(Target, Vec<u8>)> {
        let mut out = Vec::new();
        match self {
            Self::Json => {
                append_json(source, &json_event(event)?, &mut out);
                Some((Target::Stdout, out))
            }
            Self::Slots => {
                let note = note(source, event)?;
                let style = style::when(colour, DIM);
                let stamp = stamp::before(time_of(event));
                let prefix = source.prefixes.note();
                writeln!(out, "{stamp}{prefix}{style}{note}{style:#}")
                    .expect("a vector takes every byte");
                Some((Target::Stderr, out))
            }
            Self::Plain => None,
        }
    }
}

/// What a line has in JSON besides what every chunk has; most have nothing.
#[derive(Serialize)]
struct Extra<'a> {
    /// The bytes of a line that is not text, which is `line` with U+FFFD for what is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    /// The line's end, where it is not `\n`.
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<&'a str>,
    /// The number of the part.
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<u32>,
    /// Whether another part follows.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more: bool,
}

#[derive(Serialize)]
struct Chunk<'a> {
    r#type: &'static str,
    attempt: u32,
    stream: StreamKind,
    seq: u64,
    ts: u64,
    line: &'a str,
    #[serde(flatten)]
    extra: Extra<'a>,
}

fn append_json_line(source: &Source, line: &Line<'_>, out: &mut Vec<u8>) {
    let text = String::from_utf8_lossy(line.bytes);
    let is_text = matches!(text, std::borrow::Cow::Borrowed(_));
    let since = line.time.duration_since(std::time::UNIX_EPOCH);
    let chunk = Chunk {
        r#type: "chunk",
        attempt: line.attempt,
        stream: line.stream,
        seq: line.number,
        ts: since.map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        }),
        line: &text,
        extra: Extra {
            base64: (!is_text).then(|| STANDARD.encode(line.bytes)),
            end: match line.end {
                End::Newline | End::More => None,
                End::CrLf => Some("\r\n"),
                End::None => Some(""),
            },
            part: line.part,
            more: line.end == End::More,
        },
    };
    append_json(source, &chunk, out);
}

/// The event in its wire form, where it has one.
fn json_event(event: &TapEvent) -> Option<serde_json::Value> {
    let event = match event {
        TapEvent::Started { attempt, at } => OutputEvent::RunStarted {
            attempt: *attempt,
            started_at: *at,
        },
        TapEvent::Finished {
            attempt,
            exit_code,
            at,
        } => OutputEvent::RunFinished {
            attempt: *attempt,
            exit_code: *exit_code,
            finished_at: *at,
        },
        TapEvent::Lost {
            attempt,
            stream,
            bytes,
            lines,
        } => {
            let (bytes, lines) = (json!(bytes), json!(lines));
            return Some(json!({
                "type": "lost", "attempt": attempt, "stream": stream, "bytes": bytes, "lines": lines,
            }));
        }
        _ => return None,
    };
    // Only a time before 1970 has none.
    serde_json::to_value(event).ok()
}

/// An object with the fields `task` and `slot` at its end.
fn append_json(source: &Source, object: &impl Serialize, out: &mut Vec<u8>) {
    let began = out.len();
    match serde_json::to_writer(&mut *out, object) {
        Ok(()) => {
            // Without the closing brace, which `json_tail` has.
            out.pop();
            out.extend_from_slice(&source.json_tail);
        }
        Err(_) => out.truncate(began),
    }
}

/// When an event was; now, where it does not say.
fn time_of(event: &TapEvent) -> SystemTime {
    match event {
        TapEvent::Started { at, .. } | TapEvent::Finished { at, .. } => *at,
        _ => SystemTime::now(),
    }
}

fn note(source: &Source, event: &TapEvent) -> Option<String> {
    match event {
        TapEvent::Started { attempt, .. } if *attempt > 1 => Some(format!("attempt {attempt}")),
        TapEvent::Finished { attempt, .. } => match source.take_outcome(*attempt)? {
            Outcome::Succeeded if *attempt == 1 => None,
            outcome => Some(format!("attempt {attempt} {outcome}")),
        },
        TapEvent::Lost { bytes, lines, .. } => Some(format!(
            "{} lost ({}): they came faster than they were taken, from a writer that did not wait",
            counted(*lines, "line"),
            counted(*bytes, "byte"),
        )),
        _ => None,
    }
}
