//! The operator's configuration as a type of the author's.

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

/// Reads a configuration, naming the field of what is wrong.
pub(crate) fn parse<C: DeserializeOwned>(json: &str) -> Result<C, String> {
    let value: Value = serde_json::from_str(json).map_err(|err| format!("config: {err}"))?;
    serde_path_to_error::deserialize(Given(&value)).map_err(|err| {
        let path = path(err.path(), err.inner());
        format!("{path}: {}", err.inner())
    })
}

/// Where `fault` is, as the operator has written it.
fn path(to: &serde_path_to_error::Path, fault: &Fault) -> String {
    let mut path = "config".to_owned();
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

/// Checks that there is no configuration, for a runner that takes none.
pub(super) fn expect_none(json: &str) -> Result<(), String> {
    let fields: serde_json::Map<String, Value> = parse(json)?;
    match fields.keys().next() {
        None => Ok(()),
        Some(field) => Err(format!(
            "config.{}: this plugin takes no configuration",
            mismatch::name(field)
        )),
    }
}

#[cfg(test)]
mod tests;
