//! `GET /v1/tasks/{name}/lines`: lines of a task by their numbers, and a search among them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use serde::Serialize;

use super::app::App;
use super::error::Problem;
use super::query::pairs;
use super::selection;
use crate::output::{Asked, Needle, Row, Selection};
use crate::time::rfc3339;

/// How many lines are answered at once, unless another number is asked for, and at most.
const LINES: usize = 200;
const MOST_LINES: usize = 2000;

/// Lines of a task.
#[derive(Debug, Serialize)]
pub(super) struct LineList {
    /// The number of the first that is still kept.
    first: u64,
    /// How many there are so far.
    total: u64,
    /// Whether there will be no more.
    complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<Vec<LineView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matches: Option<Vec<LineView>>,
    /// Where a search goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

#[derive(Debug, Serialize)]
struct LineView {
    number: u64,
    attempt: u32,
    stream: &'static str,
    time: String,
    text: String,
    /// How long it is, where its text is only the beginning of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "is_false")]
    partial: bool,
    /// How many bytes were left out here.
    #[serde(skip_serializing_if = "Option::is_none")]
    lost: Option<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_false(value: &bool) -> bool {
    !value
}

/// The route.
pub(super) async fn lines(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<LineList>, Problem> {
    let (selection, asked) = asked(query.as_deref().unwrap_or_default())?;
    let seq = app.tasks.seq(&name)?;
    let outputs = &app.tasks.outputs;
    let is_search = matches!(asked, Asked::Search(..));
    let found = outputs
        .reader(seq)
        .window(&outputs.indexes, selection, asked)
        .await;
    let (window, complete) =
        found.map_err(|err| Problem::internal(format!("the output cannot be read: {err}")))?;
    let rows = window.rows.into_iter().map(LineView::of).collect();
    let (lines, matches) = if is_search {
        (None, Some(rows))
    } else {
        (Some(rows), None)
    };
    Ok(Json(LineList {
        first: window.first,
        total: window.total,
        complete,
        lines,
        matches,
        next: window.next,
    }))
}

impl LineView {
    fn of(row: Row) -> Self {
        let text = match row.lost {
            Some(bytes) => format!("[{bytes} bytes were left out: there was no room for them]"),
            None => String::from_utf8_lossy(&row.bytes).into_owned(),
        };
        Self {
            number: row.number,
            attempt: row.attempt,
            stream: row.stream.as_str(),
            time: rfc3339(row.time),
            text,
            bytes: (row.length > row.bytes.len() as u64).then_some(row.length),
            partial: row.is_partial,
            lost: row.lost,
        }
    }
}

fn asked(query: &str) -> Result<(Selection, Asked), Problem> {
    let mut selection = Selection::default();
    let (mut from, mut tail, mut count, mut search) = (None, None, LINES, None);
    let mut is_exact = false;
    for (name, value) in pairs(query) {
        if selection::take(&mut selection, &name, &value)? {
            continue;
        }
        let number = |name: &'static str| {
            let number = value.parse::<u64>();
            number.map_err(|_| Problem::unexpected(name, &value, "a number of lines"))
        };
        match name.as_str() {
            "from" => from = Some(number("from")?),
            "tail" => tail = Some(number("tail")?),
            "count" => {
                let number = number("count")?;
                let number = usize::try_from(number).ok();
                let number = number.filter(|number| (1..=MOST_LINES).contains(number));
                count = number.ok_or_else(|| {
                    Problem::unexpected("count", &value, "a number from 1 to 2000")
                })?;
            }
            "search" => search = Some(value),
            "case" => {
                let exact = value.parse();
                is_exact =
                    exact.map_err(|_| Problem::unexpected("case", &value, "true or false"))?;
            }
            _ => {
                return Err(Problem::unknown_parameter(
                    name,
                    "from, count, tail, attempt, stream, search or case",
                ));
            }
        }
    }
    let asked = match (search, tail, from) {
        (Some(text), None, from) if !text.is_empty() => {
            Asked::Search(from.unwrap_or(0), count, Needle::new(&text, is_exact))
        }
        (Some(text), None, _) => {
            return Err(Problem::unexpected("search", &text, "a text"));
        }
        (None, Some(tail), None) => {
            Asked::Tail(usize::try_from(tail).unwrap_or(MOST_LINES).min(MOST_LINES))
        }
        (None, None, from) => Asked::From(from.unwrap_or(0), count),
        _ => {
            let message = "tail: stands alone, without from and search";
            return Err(Problem::bad("invalid", message).in_field("tail"));
        }
    };
    Ok((selection, asked))
}
