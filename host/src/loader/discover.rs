//! Which files of a directory are candidates, in which order.

mod error;
mod names;
mod sidecar;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use solti_plugin_abi::text::escape_bytes;

pub use error::{DirectoryError, DirectoryRole, DiscoverError};
pub(super) use sidecar::{Sidecar, sidecar_file};

use super::admit::kind_of;
use super::skip::{SkipReason, Skipped};
use crate::links::{self, Broken};

/// A file that may be a plugin.
#[derive(Debug)]
pub(super) struct Candidate {
    /// Its name, escaped for people where it is not plain text.
    pub(super) file: String,
    /// Its absolute path in the plugin directory.
    pub(super) path: PathBuf,
    /// Where the file itself is; another path where `path` is a link.
    pub(super) real: PathBuf,
}

/// One entry of the directory that is of interest.
#[derive(Debug)]
pub(super) enum Found {
    Candidate(Candidate),
    Skipped(Skipped),
    Rejected {
        file: String,
        path: PathBuf,
        error: DiscoverError,
    },
}

impl Found {
    pub(super) fn file(&self) -> &str {
        match self {
            Self::Candidate(candidate) => &candidate.file,
            Self::Skipped(skipped) => &skipped.file,
            Self::Rejected { file, .. } => file,
        }
    }
}

/// Finds the directory itself: its absolute path, without links.
///
/// An absolute path, because the system's loader searches directories of its own for anything else.
pub(super) fn locate(directory: &Path, role: DirectoryRole) -> Result<PathBuf, DirectoryError> {
    let found = fs::canonicalize(directory)
        .map_err(|reason| DirectoryError::Unreadable { role, reason })?;
    if found.is_dir() {
        Ok(found)
    } else {
        Err(DirectoryError::NotADirectory { role })
    }
}

/// Lists the plugin files of the `directory` that was located, sorted by name.
///
/// No file is opened here: a FIFO would block, a device might act.
pub(super) fn discover(directory: &Path) -> Result<Vec<Found>, DirectoryError> {
    let unreadable = |reason| DirectoryError::Unreadable {
        role: DirectoryRole::Plugins,
        reason,
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        names.push(entry.map_err(unreadable)?.file_name());
    }
    names.sort();

    let mut found = Vec::new();
    for name in &names {
        if names::is_of_a_volume(name) {
            continue;
        }
        if let Some(reason) = names::unfinished(name) {
            found.push(skipped(directory, name, reason));
        } else if names::is_plugin(name) {
            found.push(look_at(&directory.join(name)));
        } else if let Some(plugin) = names::plugin_of_sidecar(name)
            && names.binary_search(&plugin).is_err()
        {
            // What it says, to leave a plugin alone perhaps, would be lost without a word.
            let missing = shown(&plugin);
            let reason = SkipReason::SidecarOfNone { missing };
            found.push(skipped(directory, name, reason));
        }
    }
    skip_repeated(&mut found);
    Ok(found)
}

fn skipped(directory: &Path, name: &OsStr, reason: SkipReason) -> Found {
    Found::Skipped(Skipped {
        file: shown(name),
        path: directory.join(name),
        reason,
    })
}

/// Leaves of each file one name: a link to a plugin is that plugin, and must not be loaded twice.
///
/// Names of the file itself come before links to it, wherever those stand in the order: what is
/// written beside a plugin, and who vouches for it, goes by its own name.
fn skip_repeated(found: &mut [Found]) {
    let mut names = HashMap::new();
    for links in [false, true] {
        for entry in &mut *found {
            if let Found::Candidate(candidate) = entry
                && (candidate.path != candidate.real) == links
                && let Some(first) = repeated(candidate, &mut names)
            {
                *entry = Found::Skipped(Skipped {
                    file: candidate.file.clone(),
                    path: candidate.path.clone(),
                    reason: SkipReason::SameFile { first },
                });
            }
        }
    }
}

/// What one entry is. `path` is absolute.
pub(super) fn look_at(path: &Path) -> Found {
    match candidate(path) {
        Ok(candidate) => Found::Candidate(candidate),
        Err(error) => Found::Rejected {
            file: name_of(path),
            path: path.to_owned(),
            error,
        },
    }
}

/// The candidate at `path`, which is absolute: the file itself, or what it links to.
pub(super) fn candidate(path: &Path) -> Result<Candidate, DiscoverError> {
    let unreadable = |reason| DiscoverError::Unreadable { reason };
    let mut metadata = fs::symlink_metadata(path).map_err(unreadable)?;
    let mut real = path.to_owned();
    if metadata.is_symlink() {
        real = fs::canonicalize(path).map_err(|reason| broken_link(path, reason))?;
        metadata = fs::symlink_metadata(&real).map_err(unreadable)?;
    }
    if !metadata.is_file() {
        let found = kind_of(&metadata);
        return Err(DiscoverError::NotAFile { found });
    }
    Ok(Candidate {
        file: name_of(path),
        path: path.to_owned(),
        real,
    })
}

fn name_of(path: &Path) -> String {
    shown(path.file_name().unwrap_or(path.as_os_str()))
}

fn broken_link(path: &Path, reason: io::Error) -> DiscoverError {
    let target = fs::read_link(path).unwrap_or_default();
    match links::broken(path, &reason) {
        Some(Broken::Dangling) => DiscoverError::DanglingLink { target },
        Some(Broken::Loop) => DiscoverError::LinkLoop { target },
        Some(Broken::TooMany) => DiscoverError::TooManyLinks { target },
        None => DiscoverError::Unreadable { reason },
    }
}

/// The name under which the same file was seen before.
fn repeated(
    candidate: &Candidate,
    first_of_inode: &mut HashMap<(u64, u64), String>,
) -> Option<String> {
    let metadata = fs::symlink_metadata(&candidate.real).ok()?;
    let inode = (metadata.dev(), metadata.ino());
    if let Some(first) = first_of_inode.get(&inode) {
        return Some(first.clone());
    }
    first_of_inode.insert(inode, candidate.file.clone());
    None
}

/// A file name for people: with whatever would act on a terminal written out.
fn shown(name: &OsStr) -> String {
    escape_bytes(name.as_bytes()).into_owned()
}
