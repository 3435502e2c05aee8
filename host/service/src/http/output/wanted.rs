//! What of a task's output is asked for.

use std::time::SystemTime;

use crate::http::error::Problem;
use crate::http::query::pairs;
use crate::output::Stream;
use crate::time::millis;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    attempt: Option<u32>,
    stream: Option<Stream>,
    pub(super) tail: Option<u64>,
    pub(super) since: Option<u64>,
    pub(super) follow: Option<bool>,
    /// Where a reader of frames goes on.
    pub(super) position: Option<u64>,
}

impl Wanted {
    pub(super) fn takes(&self, attempt: u32, stream: Stream) -> bool {
        self.takes_attempt(attempt) && self.stream.is_none_or(|wanted| wanted == stream)
    }

    pub(super) fn takes_attempt(&self, attempt: u32) -> bool {
        self.attempt.is_none_or(|wanted| wanted == attempt)
    }

    pub(super) fn of(query: &str) -> Result<Self, Problem> {
        let mut wanted = Self::default();
        for (name, value) in pairs(query) {
            match name.as_str() {
                "attempt" => {
                    let number = value.parse().ok().filter(|number| *number > 0);
                    wanted.attempt = Some(number.ok_or_else(|| {
                        Problem::unexpected("attempt", &value, "the number of an attempt, from 1")
                    })?);
                }
                "stream" => {
                    wanted.stream = Some(Stream::named(&value).ok_or_else(|| {
                        Problem::unexpected(
                            "stream",
                            &value,
                            "stdout or stderr; both when it is left out",
                        )
                    })?);
                }
                "tail" => {
                    wanted.tail =
                        Some(value.parse().map_err(|_| {
                            Problem::unexpected("tail", &value, "a number of lines")
                        })?);
                }
                "since" => {
                    wanted.since = Some(since(&value).ok_or_else(|| {
                        Problem::unexpected(
                            "since",
                            &value,
                            "a time such as 2026-01-31T12:00:00Z, or how long ago, such as 5m",
                        )
                    })?);
                }
                "position" => {
                    wanted.position = Some(value.parse().map_err(|_| {
                        Problem::unexpected("position", &value, "where the reader came to")
                    })?);
                }
                "follow" => {
                    wanted.follow = Some(
                        value
                            .parse()
                            .map_err(|_| Problem::unexpected("follow", &value, "true or false"))?,
                    );
                }
                _ => {
                    return Err(Problem::unknown_parameter(
                        name,
                        "attempt, stream, tail, since, position or follow",
                    ));
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
