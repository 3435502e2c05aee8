//! Sends all bytes that there are, with their number, or a range of them.

use std::io;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::wanted::Wanted;
use crate::http::error::Problem;
use crate::output::{Kind, Read, Reader};

/// All bytes that there are, with their number; or a range of them.
pub(super) async fn whole(
    mut reader: Reader,
    wanted: Wanted,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let broken = |err: io::Error| Problem::internal(format!("the output cannot be read: {err}"));
    let takes = wanted.selection;
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
async fn send_range(
    mut reader: Reader,
    wanted: Wanted,
    begin: u64,
    end: u64,
    chunks: mpsc::Sender<io::Result<Bytes>>,
) {
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
            if !wanted.selection.takes(frame.attempt, stream) {
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
