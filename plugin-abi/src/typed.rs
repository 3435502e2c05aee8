//! What people wrote, read into a type of the author's: a configuration, the spec of a task.

mod fault;
mod given;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use crate::text::{mismatch, shorten};
use fault::Fault;
use given::Given;

/// How much of a path is shown, in bytes.
const LONGEST_PATH: usize = 256;

/// What is wrong with a value.
#[derive(Debug)]
pub(crate) struct Mismatch {
    /// Where it is, from the whole of the value on: `.list[2].name`; empty for the whole.
    pub(crate) path: String,
    /// What is wrong there.
    pub(crate) said: String,
}

/// Reads a value, in which a number of fields together is called `table`, and names the field of what is
/// wrong.
pub(crate) fn read<T: DeserializeOwned>(value: &Value, table: &str) -> Result<T, Mismatch> {
    serde_path_to_error::deserialize(Given(value)).map_err(|err| Mismatch {
        path: path(err.path(), err.inner()),
        said: err.inner().said(table),
    })
}

/// Where `fault` is, as the author of the value has written it.
fn path(to: &serde_path_to_error::Path, fault: &Fault) -> String {
    let mut path = String::new();
    let mut last = None;
    for segment in to {
        match segment {
            Segment::Seq { index } => path += &format!("[{index}]"),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                path += &format!(".{}", mismatch::name(key));
                last = Some(key);
            }
            // What it is called is not known; what is above it is.
            Segment::Unknown => break,
        }
    }
    if let Some(field) = &fault.field
        && last != Some(field)
    {
        path += &format!(".{}", mismatch::name(field));
    }
    shorten(&path, LONGEST_PATH).into_owned()
}
