//! A private file, for systems without files in memory and for plugins that bring libraries along.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::{FlockOperation, flock};
use tempfile::TempPath;
use tracing::info;

use super::error::StagingError;

const PREFIX: &str = ".solti-";
const SUFFIX: &str = ".so";
const RANDOM: usize = 12;

/// A copy that is younger may be one that its host is still writing.
const UNFINISHED: Duration = Duration::from_secs(60);

/// Writes a file that only this user can read, under a name that no other load ever has: the system
/// takes a library of the same name for the one it knows.
///
/// Dropping what is returned beside the file removes its name.
pub(super) fn make(bytes: &[u8], directory: &Path) -> Result<(File, TempPath), StagingError> {
    let unwritable = |reason| StagingError::Unwritable {
        directory: directory.to_owned(),
        reason,
    };
    let directory = directory.canonicalize().map_err(unwritable)?;
    let mut copy = tempfile::Builder::new()
        .prefix(PREFIX)
        .suffix(SUFFIX)
        .rand_bytes(RANDOM)
        .tempfile_in(&directory)
        .map_err(unwritable)?;
    // Through the file itself: the other way the number of the system's error is lost.
    copy.as_file_mut().write_all(bytes).map_err(unwritable)?;
    let (written, path) = copy.into_parts();
    let file = File::open(&path).map_err(unwritable)?;
    // For as long as this process lives: by that others know that the copy is in use.
    flock(&file, FlockOperation::LockShared).map_err(|err| unwritable(err.into()))?;
    drop(written);
    Ok((file, path))
}

/// Removes the copies of hosts that were killed before they could.
pub(in crate::loader) fn remove_leftovers(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if is_copy(&entry.file_name()) && is_left_over(&entry).unwrap_or(false) {
            let path = entry.path();
            match fs::remove_file(&path) {
                Ok(()) => info!("removed {}, which an earlier host left", path.display()),
                Err(err) => info!("{} was left by an earlier host: {err}", path.display()),
            }
        }
    }
}

fn is_copy(name: &OsStr) -> bool {
    let name = name.as_bytes();
    name.starts_with(PREFIX.as_bytes())
        && name.ends_with(SUFFIX.as_bytes())
        && name.len() == PREFIX.len() + RANDOM + SUFFIX.len()
}

fn is_left_over(entry: &fs::DirEntry) -> io::Result<bool> {
    let metadata = entry.metadata()?;
    let age = SystemTime::now().duration_since(metadata.modified()?);
    if !metadata.is_file() || age.is_ok_and(|age| age < UNFINISHED) {
        return Ok(false);
    }
    let file = File::open(entry.path())?;
    Ok(flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok())
}
