//! The bytes that were checked, put where they cannot change any more.
//!
//! What is verified is what runs: the library is opened from this copy, and whatever is done to the
//! operator's file afterwards cannot reach the running host.

mod copy;
#[cfg(target_os = "linux")]
mod memory;

use std::fs::File;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::digest::Digest;
use super::error::StageError;

/// A copy of a plugin file that is ready to be opened.
#[derive(Debug)]
pub(super) struct Staged {
    /// The copy. It must stay open as long as the library is loaded: the system knows the library
    /// by a path with the descriptor's number in it, which must never name another file.
    pub(super) file: File,
    /// What to open it by.
    pub(super) path: PathBuf,
    /// The digest of its bytes.
    pub(super) digest: Digest,
    /// Its length in bytes.
    pub(super) len: u64,
    /// Removes the copy where it is a file.
    _remove: Option<TempPath>,
}

/// Stages `bytes`, those of a file called `name`: in memory, or as a file of `directory`.
pub(super) fn stage(
    name: &str,
    bytes: &[u8],
    digest: Digest,
    directory: Option<&Path>,
) -> Result<Staged, StageError> {
    let (file, path, remove) = match directory {
        Some(directory) => copy::make(bytes, directory)?,
        None => in_memory(name, bytes)?,
    };
    Ok(Staged {
        file,
        path,
        digest,
        len: bytes.len() as u64,
        _remove: remove,
    })
}

type Copy = (File, PathBuf, Option<TempPath>);

#[cfg(target_os = "linux")]
fn in_memory(name: &str, bytes: &[u8]) -> Result<Copy, StageError> {
    match memory::make(name, bytes) {
        Ok((file, path)) => Ok((file, path, None)),
        // A kernel or a sandbox without memory files.
        Err(memory::Unable) => copy::make(bytes, &std::env::temp_dir()),
    }
}

#[cfg(not(target_os = "linux"))]
fn in_memory(_: &str, bytes: &[u8]) -> Result<Copy, StageError> {
    copy::make(bytes, &std::env::temp_dir())
}
