//! Which files of a directory are candidates, in which order.

mod names;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::error::{DirectoryRole, DiscoverError, LoadDirError, LoadError, PolicyError};
use super::policy::Policy;
use super::report::{SkipReason, Skipped};

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
    Rejected(String, LoadError),
}

impl Found {
    pub(super) fn file(&self) -> &str {
        match self {
            Self::Candidate(candidate) => &candidate.file,
            Self::Skipped(skipped) => &skipped.file,
            Self::Rejected(file, _) => file,
        }
    }
}

/// Finds the directory itself: its absolute path, without links.
///
/// An absolute path, because the system's loader searches directories of its own for anything else.
pub(super) fn locate(directory: &Path, role: DirectoryRole) -> Result<PathBuf, LoadDirError> {
    let found = fs::canonicalize(directory).map_err(|source| LoadDirError::Unreadable {
        role,
        path: directory.to_owned(),
        source,
    })?;
    if found.is_dir() {
        Ok(found)
    } else {
        Err(LoadDirError::NotADirectory { role, path: found })
    }
}

/// Lists the plugin files of the `directory` that was located, sorted by name.
///
/// No file is opened here: a FIFO would block, a device might act.
pub(super) fn discover(directory: &Path, policy: &Policy) -> Result<Vec<Found>, LoadDirError> {
    let unreadable = |source| LoadDirError::Unreadable {
        role: DirectoryRole::Plugins,
        path: directory.to_owned(),
        source,
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        names.push(entry.map_err(unreadable)?.file_name());
    }
    names.sort();

    let mut found = Vec::new();
    for name in &names {
        if let Some(reason) = names::unfinished(name) {
            found.push(Found::Skipped(Skipped {
                file: shown(name),
                reason,
            }));
        } else if names::is_plugin(name) {
            found.push(look_at(&directory.join(name), policy));
        } else if let Some(plugin) = names::plugin_of_sidecar(name)
            && names.binary_search(&plugin).is_err()
        {
            // What it says, to leave a plugin alone perhaps, would be lost without a word.
            found.push(Found::Skipped(Skipped {
                file: shown(name),
                reason: SkipReason::SidecarOfNone {
                    missing: shown(&plugin),
                },
            }));
        }
    }
    skip_repeated(&mut found);
    Ok(found)
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
                    reason: SkipReason::SameFile { first },
                });
            }
        }
    }
}

/// What one entry is. `path` is absolute.
pub(super) fn look_at(path: &Path, policy: &Policy) -> Found {
    let file = shown(path.file_name().unwrap_or(path.as_os_str()));
    match resolve(path, policy) {
        Ok(real) => Found::Candidate(Candidate {
            file,
            path: path.to_owned(),
            real,
        }),
        Err(err) => Found::Rejected(file, err),
    }
}

/// The file behind an entry: itself, or what it links to.
fn resolve(path: &Path, policy: &Policy) -> Result<PathBuf, LoadError> {
    let unreadable = |source| DiscoverError::Unreadable { source };
    let mut metadata = fs::symlink_metadata(path).map_err(unreadable)?;
    let mut real = path.to_owned();
    if metadata.is_symlink() {
        real = fs::canonicalize(path).map_err(|source| broken_link(path, source))?;
        metadata = fs::symlink_metadata(&real).map_err(unreadable)?;
    }
    if !metadata.is_file() {
        let found = kind_of(&metadata);
        return Err(DiscoverError::NotAFile { found }.into());
    }
    let directory = path.parent().unwrap_or(Path::new("/"));
    if !policy.links_outside && !real.starts_with(directory) {
        return Err(PolicyError::LinkOutside { target: real }.into());
    }
    Ok(real)
}

fn broken_link(path: &Path, source: io::Error) -> DiscoverError {
    let target = fs::read_link(path).unwrap_or_default();
    match source.kind() {
        io::ErrorKind::NotFound => DiscoverError::DanglingLink { target },
        _ if source.raw_os_error() == Some(libc::ELOOP) => DiscoverError::LinkLoop { target },
        _ => DiscoverError::Unreadable { source },
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

/// What a file is that is not a regular one.
pub(super) fn kind_of(metadata: &fs::Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    let kind = metadata.file_type();
    if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_symlink() {
        "a link"
    } else {
        "a device"
    }
}

/// A file name for people: as it is when it is plain text, escaped otherwise.
pub(super) fn shown(name: &OsStr) -> String {
    match name.to_str() {
        Some(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => name.as_bytes().escape_ascii().to_string(),
    }
}
