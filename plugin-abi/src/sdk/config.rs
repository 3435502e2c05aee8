//! The operator's configuration as a type of the author's.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::text::mismatch;
use crate::typed;

/// Reads a configuration, naming the field of what is wrong.
pub(crate) fn parse<C: DeserializeOwned>(json: &str) -> Result<C, String> {
    let value: Value = serde_json::from_str(json).map_err(|err| format!("config: {err}"))?;
    // As a file of TOML calls it.
    typed::read(&value, "a table").map_err(|wrong| format!("config{}: {}", wrong.path, wrong.said))
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
