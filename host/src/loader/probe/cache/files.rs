//! Results in a state directory.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, Metadata};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tracing::warn;

use super::remembered::RememberedProbe;
use crate::atomic;

/// Where it is logged that a state directory cannot be used: apart from what becomes of files, which
/// is in the report.
pub(super) const TARGET: &str = "solti_plugin_host::state";

/// Larger than any result: its longest part is what a plugin has printed last.
const MAX_BYTES: u64 = 1 << 20;

/// Others than the owner may write.
const WRITABLE: u32 = 0o022;

/// The folder of the state directory that is the probe's.
const FOLDER: &str = "probes";

fn path_of(state: &Path, key: &str) -> PathBuf {
    state.join(FOLDER).join(format!("{key}.json"))
}

/// Reads a result about the file of this `digest`; one that cannot be read is as good as none.
pub(super) fn read(state: &Path, key: &str, digest: &str) -> Option<RememberedProbe> {
    read_file(&path_of(state, key), Some(digest))
}

fn read_file(path: &Path, digest: Option<&str>) -> Option<RememberedProbe> {
    let read = read_regular(path).and_then(|json| {
        let result: RememberedProbe = serde_json::from_slice(&json)?;
        if digest.is_some_and(|digest| result.digest != digest) {
            return Err(io::Error::other("it is about another file"));
        }
        if result.at > SystemTime::now() {
            return Err(io::Error::other("its timestamp is in the future"));
        }
        Ok(result)
    });
    match read {
        Ok(result) => Some(result),
        Err(err) if err.kind() == ErrorKind::NotFound => None,
        Err(err) => {
            warn!(target: TARGET, "{} is ignored: {err}", path.display());
            None
        }
    }
}

/// Reads a file that is one: a FIFO would be waited for.
fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::options()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW)
        .open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    if is_of_others(&metadata) {
        return Err(io::Error::other("others can change it"));
    }
    if metadata.len() > MAX_BYTES {
        return Err(io::Error::other("it is too large for a result"));
    }
    let mut bytes = Vec::new();
    file.by_ref().take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether others than this user and root could have written a file.
fn is_of_others(metadata: &Metadata) -> bool {
    let owners = [0, rustix::process::geteuid().as_raw()];
    !owners.contains(&metadata.uid()) || metadata.mode() & WRITABLE != 0
}

/// Writes a result so that a reader, or the next start after a crash, finds all of it or nothing.
pub(super) fn write(state: &Path, key: &str, result: &RememberedProbe) -> io::Result<()> {
    // Others must not be able to vouch for a plugin.
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(state.join(FOLDER))?;
    let path = path_of(state, key);
    if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file() || is_of_others(&found)) {
        // It holds no result, and no file takes its place by itself; or one with the mode that it has.
        fs::remove_file(&path)?;
    }
    atomic::write(path, serde_json::to_vec(result)?)
}

/// Removes the results that `which` picks, and what cannot be read.
pub(super) fn remove(
    state: &Path,
    which: impl Fn(&RememberedProbe) -> bool,
) -> io::Result<HashMap<String, RememberedProbe>> {
    let entries = match fs::read_dir(state.join(FOLDER)) {
        Err(err) if err.kind() == ErrorKind::NotFound => return Ok(HashMap::new()),
        entries => entries?,
    };
    let mut removed = HashMap::new();
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if path.extension() != Some(OsStr::new("json")) || entry.file_type()?.is_dir() {
            continue;
        }
        let result = read_file(&path, None);
        if result.as_ref().is_none_or(&which) {
            fs::remove_file(&path)?;
            let key = path.file_stem().unwrap_or_default().to_string_lossy();
            removed.extend(result.map(|result| (key.into_owned(), result)));
        }
    }
    Ok(removed)
}
