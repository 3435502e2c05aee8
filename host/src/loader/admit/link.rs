//! Where a file really is.

use std::path::Path;

use super::error::AdmitError;
use super::owner::{check_directories, check_way};
use crate::loader::options::Trust;

/// Checks where `real` is, the file behind `path`, which may be a link.
pub(in crate::loader) fn check_link(
    path: &Path,
    real: &Path,
    trust: &Trust,
) -> Result<(), AdmitError> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    if !trust.links_outside && !real.starts_with(directory) {
        return Err(AdmitError::LinkOutside {
            target: real.to_owned(),
        });
    }
    if path != real {
        check_way(path, trust)?;
    }
    match real.parent() {
        // Those above its own directory have been checked for all of its files.
        Some(parent) if parent != directory => check_directories(parent, trust),
        _ => Ok(()),
    }
}
