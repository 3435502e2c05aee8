//! What of a task's output is asked for.

use crate::http::error::Problem;
use crate::http::query::pairs;
use crate::http::selection;
use crate::output::Selection;
use crate::time::moment;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    pub(super) selection: Selection,
    pub(super) tail: Option<u64>,
    pub(super) since: Option<u64>,
    pub(super) follow: Option<bool>,
    /// Where a reader of frames goes on.
    pub(super) position: Option<u64>,
}

impl Wanted {
    pub(super) fn of(query: &str) -> Result<Self, Problem> {
        let mut wanted = Self::default();
        for (name, value) in pairs(query) {
            if selection::take(&mut wanted.selection, &name, &value)? {
                continue;
            }
            match name.as_str() {
                "tail" => {
                    wanted.tail =
                        Some(value.parse().map_err(|_| {
                            Problem::unexpected("tail", &value, "a number of lines")
                        })?);
                }
                "since" => {
                    wanted.since = Some(moment(&value).ok_or_else(|| {
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
