//! Of which attempt and stream a client wants output.

use super::error::Problem;
use crate::output::{Selection, Stream};

/// Takes a parameter of a query that says so; `false` where it is another one.
pub(super) fn take(selection: &mut Selection, name: &str, value: &str) -> Result<bool, Problem> {
    match name {
        "attempt" => {
            let number = value.parse().ok().filter(|number| *number > 0);
            selection.attempt = Some(number.ok_or_else(|| {
                Problem::unexpected("attempt", value, "the number of an attempt, from 1")
            })?);
        }
        "stream" => {
            selection.stream = Some(Stream::named(value).ok_or_else(|| {
                Problem::unexpected(
                    "stream",
                    value,
                    "stdout or stderr; both when it is left out",
                )
            })?);
        }
        _ => return Ok(false),
    }
    Ok(true)
}
