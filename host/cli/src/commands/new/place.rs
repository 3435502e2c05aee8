//! Where a new crate goes: whole, or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::files::File;
use crate::present::phrase;

/// Why nothing was made.
#[derive(Debug, Error)]
pub(super) enum PlaceError {
    #[error(
        "{}: the directory is not empty: it has {first}{others}; choose another name, or empty it",
        phrase::path(path)
    )]
    NotEmpty {
        path: PathBuf,
        first: String,
        others: String,
    },
    #[error("{}: that is no directory; choose another name, or move it", phrase::path(.0))]
    NoDirectory(PathBuf),
    #[error("{}: {reason}", phrase::path(path))]
    Io {
        path: PathBuf,
        #[source]
        reason: io::Error,
    },
}

/// Puts the files into a directory of this path, which is not there or is empty.
pub(super) fn fill(path: &Path, files: &[File]) -> Result<(), PlaceError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        |reason| PlaceError::Io { path, reason }
    };
    is_free(path)?;
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(io(parent))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let making = parent.join(format!(".{name}.{}", std::process::id()));
    let made = write(&making, files).and_then(|()| {
        // Over an empty directory, in one step; over one that has been filled meanwhile it fails.
        fs::rename(&making, path).map_err(io(path))
    });
    if made.is_err() {
        // What cannot be removed has a name of its own, which is in the way of nobody.
        let _ = fs::remove_dir_all(&making);
    }
    made
}

fn write(directory: &Path, files: &[File]) -> Result<(), PlaceError> {
    for file in files {
        let path = directory.join(&file.path);
        let folder = path.parent().unwrap_or(directory);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, &file.text))
            .map_err(|reason| PlaceError::Io { path, reason })?;
    }
    Ok(())
}

/// Whether nothing is in the way.
fn is_free(path: &Path) -> Result<(), PlaceError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(err)
            if err.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(path).is_err() =>
        {
            return Ok(());
        }
        Err(err) if err.kind() == io::ErrorKind::PermissionDenied => {
            let path = path.to_owned();
            return Err(PlaceError::Io { path, reason: err });
        }
        Err(_) => return Err(PlaceError::NoDirectory(path.to_owned())),
    };
    let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    match names.first() {
        None => Ok(()),
        Some(first) => Err(PlaceError::NotEmpty {
            path: path.to_owned(),
            first: phrase::path(first.as_ref()),
            others: phrase::and_others(names.len() - 1),
        }),
    }
}
