//! A private file, for systems without files in memory and for plugins that bring libraries along.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use tempfile::TempPath;

use crate::loader::error::StageError;

/// Writes a file that only this user can read, under a name that no other load ever has: the system
/// takes a library of the same name for the one it knows.
///
/// Dropping what is returned beside the file removes its name.
pub(super) fn make(bytes: &[u8], directory: &Path) -> Result<(File, TempPath), StageError> {
    let unwritable = |source| StageError::Unwritable {
        directory: directory.to_owned(),
        source,
    };
    let directory = directory.canonicalize().map_err(unwritable)?;
    let mut copy = tempfile::Builder::new()
        .prefix(".solti-")
        .suffix(".so")
        .rand_bytes(12)
        .tempfile_in(&directory)
        .map_err(unwritable)?;
    copy.write_all(bytes).map_err(unwritable)?;
    let (written, path) = copy.into_parts();
    let file = File::open(&path).map_err(unwritable)?;
    drop(written);
    Ok((file, path))
}
