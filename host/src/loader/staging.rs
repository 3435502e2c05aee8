//! The bytes that were checked, put where they cannot change any more.
//!
//! What is verified is what runs: the library is opened from this copy, and whatever is done to the
//! operator's file afterwards cannot reach the running host.

mod copy;
mod error;
#[cfg(target_os = "linux")]
mod memfd;

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

pub(super) use copy::remove_leftovers;
pub use error::StagingError;

use super::digest::Digest;

/// A copy of a plugin file that is ready to be opened.
#[derive(Debug)]
pub(super) struct Staged {
    /// The copy. It must stay open as long as the library is loaded: the system knows the library
    /// by a path with the descriptor's number in it, which must never name another file.
    pub(super) file: File,
    /// What to open it by.
    pub(super) path: PathBuf,
    /// What a process opens it by that has it as its standard input.
    pub(super) path_from_stdin: PathBuf,
    /// The digest of its bytes.
    pub(super) digest: Digest,
    /// Its length in bytes.
    pub(super) len: u64,
    /// The name of the copy where it is a file of a directory; dropping it removes the file.
    pub(super) copy: Option<TempPath>,
}

/// The standard input of a process.
const STDIN: &str = "/proc/self/fd/0";

/// Stages `bytes`, those of a file called `name`: in memory, or as a file of `directory`.
pub(super) fn stage(
    name: &str,
    bytes: &[u8],
    digest: Digest,
    directory: Option<&Path>,
) -> Result<Staged, StagingError> {
    let staged = |file, path: PathBuf, path_from_stdin, copy| Staged {
        file,
        path,
        path_from_stdin,
        digest,
        len: bytes.len() as u64,
        copy,
    };
    if let Some(directory) = directory {
        let (file, copy) = copy::make(bytes, directory)?;
        // By its own name: libraries that it brings along are looked for beside it.
        let path = copy.to_path_buf();
        return Ok(staged(file, path.clone(), path, Some(copy)));
    }
    if let Some((file, path)) = in_memory(name, bytes) {
        return Ok(staged(file, path, STDIN.into(), None));
    }
    // A kernel or a sandbox without memory files.
    let (file, copy) = copy::make(bytes, &std::env::temp_dir())?;
    Ok(match by_number(&file) {
        // The name goes at once: nobody who may write to the directory can put another file there.
        Some(path) => staged(file, path, STDIN.into(), None),
        None => {
            let path = copy.to_path_buf();
            staged(file, path.clone(), path, Some(copy))
        }
    })
}

/// The path that names an open file by its number, where the system has such paths.
///
/// It has the number of this process in it: a debugger that is told `/proc/self/…` would look among
/// its own descriptors.
fn by_number(file: &File) -> Option<PathBuf> {
    let path = format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd());
    Path::new(&path).exists().then(|| path.into())
}

#[cfg(target_os = "linux")]
fn in_memory(name: &str, bytes: &[u8]) -> Option<(File, PathBuf)> {
    let file = memfd::make(name, bytes).ok()?;
    let path = by_number(&file)?;
    Some((file, path))
}

#[cfg(not(target_os = "linux"))]
fn in_memory(_: &str, _: &[u8]) -> Option<(File, PathBuf)> {
    None
}
