//! The manifest of a pack.

use std::collections::BTreeSet;

use super::error::VerifyError;
use crate::pack::format::{self, FORMAT, Manifest, PackedPlugin};

/// Reads it, where it is of this format and has plugins whose names may be those of files.
pub(super) fn read_manifest(text: &[u8]) -> Result<Manifest, VerifyError> {
    #[derive(serde::Deserialize)]
    struct Version {
        format: u32,
    }
    let wrong = |err: serde_json::Error| VerifyError::Manifest(err.to_string());
    // Nothing else in one of another format can be relied on.
    let found = serde_json::from_slice::<Version>(text)
        .map_err(wrong)?
        .format;
    if found != FORMAT {
        return Err(VerifyError::Newer { found });
    }
    let manifest: Manifest = serde_json::from_slice(text).map_err(wrong)?;
    let mut names = BTreeSet::new();
    for PackedPlugin { name, .. } in &manifest.plugins {
        if let Some(fault) = format::fault_of_name(name) {
            return Err(VerifyError::Manifest(format!(
                "the plugin {name:?} {fault}"
            )));
        }
        if !names.insert(name) {
            return Err(VerifyError::Manifest(format!("it has {name} twice")));
        }
    }
    if names.is_empty() {
        return Err(VerifyError::Manifest("it has no plugin".to_owned()));
    }
    Ok(manifest)
}
