//! Which files of a directory are candidates, in which order.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::error::{DiscoverError, LoadDirError};
use super::report::Skipped;

/// The suffix of a plugin file on this platform.
const SUFFIX: &str = if cfg!(target_vendor = "apple") {
    "dylib"
} else {
    "so"
};

/// A file that may be a plugin.
#[derive(Debug)]
pub(super) struct Candidate {
    /// Its name, escaped for people where it is not plain text.
    pub(super) file: String,
    /// Its absolute path.
    pub(super) path: PathBuf,
}

/// One entry of the directory that is of interest.
#[derive(Debug)]
pub(super) enum Found {
    Candidate(Candidate),
    Skipped(Skipped),
    Rejected(String, DiscoverError),
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

/// Lists the plugin files of `directory`, sorted by name.
pub(super) fn discover(directory: &Path) -> Result<Vec<Found>, LoadDirError> {
    let unreadable = |source| LoadDirError::Unreadable {
        path: directory.to_owned(),
        source,
    };
    // An absolute path: dlopen searches the system's directories for anything else.
    let directory = fs::canonicalize(directory).map_err(unreadable)?;
    if !directory.is_dir() {
        return Err(LoadDirError::NotADirectory { path: directory });
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(&directory).map_err(unreadable)? {
        names.push(entry.map_err(unreadable)?.file_name());
    }
    names.sort();

    let mut first_of_inode = HashMap::new();
    let mut found = Vec::new();
    for name in names {
        if Path::new(&name).extension() == Some(OsStr::new(SUFFIX)) {
            found.push(look_at(
                directory.join(&name),
                shown(&name),
                &mut first_of_inode,
            ));
        }
    }
    Ok(found)
}

fn look_at(path: PathBuf, file: String, first_of_inode: &mut HashMap<(u64, u64), String>) -> Found {
    let metadata = match fs::metadata(&path) {
        Ok(metadata) => metadata,
        Err(source) => return Found::Rejected(file, DiscoverError::Unreadable { source }),
    };
    if !metadata.is_file() {
        let found = kind_of(&metadata);
        return Found::Rejected(file, DiscoverError::NotAFile { found });
    }
    // A link to a plugin is that plugin: dlopen would hand out the same library twice.
    let inode = (metadata.dev(), metadata.ino());
    if let Some(first) = first_of_inode.get(&inode) {
        let reason = format!("the same file as {first}");
        return Found::Skipped(Skipped { file, reason });
    }
    first_of_inode.insert(inode, file.clone());
    Found::Candidate(Candidate { file, path })
}

fn kind_of(metadata: &fs::Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    let kind = metadata.file_type();
    if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
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
