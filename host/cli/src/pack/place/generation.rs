//! A generation: all installed files of a directory, as they belong together.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::directory::{self, CURRENT, Directory, Entry, GENERATION, NEXT_LINK};
use super::error::PlaceError;

/// Where a generation keeps the versions that were replaced. The loader does not look into directories.
const PREVIOUS: &str = ".previous";

/// Who may do what with an installed file: its owner writes, everybody reads, nobody runs it.
const FILE_MODE: u32 = 0o644;
const DIRECTORY_MODE: u32 = 0o755;

/// Where the bytes of a file come from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// A file that is there: it gets one more name.
    File(PathBuf),
    /// New ones.
    Bytes(Vec<u8>),
}

impl Source {
    pub(super) fn read(&self) -> Result<Vec<u8>, PlaceError> {
        match self {
            Self::File(path) => fs::read(path).map_err(PlaceError::of(path, "read")),
            Self::Bytes(bytes) => Ok(bytes.clone()),
        }
    }
}

/// Files by their names.
pub(super) type Files = BTreeMap<String, Source>;

/// The files of a generation.
#[derive(Debug, Clone, Default)]
pub(super) struct Generation {
    /// Those that have names in the directory.
    pub(super) files: Files,
    /// Those of versions that were replaced.
    pub(super) previous: Files,
}

impl Generation {
    /// The one in use, as far as the directory has links to it, with what is in the places of `names`.
    pub(super) fn in_use(directory: &Path, names: &[String]) -> Result<Self, PlaceError> {
        let mut all = Self::default();
        if let Some(current) = directory::current(directory)? {
            let current = directory.join(current);
            for name in names_in(&current)? {
                // What somebody has removed or replaced by hand is not brought back.
                if matches!(directory::entry(directory, &name), Ok(Entry::Installed)) {
                    let source = Source::File(current.join(&name));
                    all.files.insert(name, source);
                }
            }
            let previous = current.join(PREVIOUS);
            for name in names_in(&previous)? {
                let source = Source::File(previous.join(&name));
                all.previous.insert(name, source);
            }
        }
        for name in names {
            if directory::entry(directory, name)? == Entry::Plain {
                let source = Source::File(directory.join(name));
                all.files.insert(name.clone(), source);
            }
        }
        Ok(all)
    }

    /// Writes it beside the one in use, and has the disk keep it; nothing leads to it so far.
    pub(super) fn write(&self, directory: &Directory) -> Result<Written, PlaceError> {
        let name = format!("{GENERATION}{}", next_number(&directory.path)?);
        let written = Written {
            path: directory.path.join(&name),
            name,
            is_in_use: false,
        };
        write_files(&written.path, &self.files)?;
        if !self.previous.is_empty() {
            write_files(&written.path.join(PREVIOUS), &self.previous)?;
        }
        sync(&written.path)?;
        directory.sync()?;
        Ok(written)
    }
}

/// A generation on the disk. It is removed again unless it was put to use.
pub(super) struct Written {
    pub(super) path: PathBuf,
    name: String,
    is_in_use: bool,
}

impl Written {
    /// The step that changes everything.
    pub(super) fn put_to_use(mut self, directory: &Directory) -> Result<(), PlaceError> {
        // Whatever fails from here on, it may be in use.
        self.is_in_use = true;
        directory.link(CURRENT, &self.name)
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        if !self.is_in_use {
            // What stays is removed by the next installation.
            fs::remove_dir_all(&self.path).ok();
        }
    }
}

/// Removes all generations but the one in use, and a link that was about to take its place.
pub(super) fn remove_others(directory: &Directory) -> Result<(), PlaceError> {
    directory::remove(&directory.path.join(NEXT_LINK))?;
    let current = directory::current(&directory.path)?;
    for name in names_in(&directory.path)? {
        if name.starts_with(GENERATION) && Some(&name) != current.as_ref() {
            let path = directory.path.join(name);
            fs::remove_dir_all(&path).map_err(PlaceError::of(&path, "removed"))?;
        }
    }
    Ok(())
}

fn next_number(directory: &Path) -> Result<u64, PlaceError> {
    let names = names_in(directory)?.into_iter();
    let numbers = names.filter_map(|name| name.strip_prefix(GENERATION)?.parse::<u64>().ok());
    Ok(numbers.max().map_or(1, |last| last.saturating_add(1)))
}

/// The names in a directory that need not be there, but for hidden ones of other programs.
fn names_in(directory: &Path) -> Result<Vec<String>, PlaceError> {
    let failed = PlaceError::of(directory, "read");
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(err) => return Err(failed(err)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        names.extend(name.into_string().ok().filter(|name| name != PREVIOUS));
    }
    Ok(names)
}

fn write_files(directory: &Path, files: &Files) -> Result<(), PlaceError> {
    let failed = PlaceError::of(directory, "made");
    DirBuilder::new()
        .mode(DIRECTORY_MODE)
        .create(directory)
        .map_err(failed)?;
    // Whatever the umask is: the service may run as another user.
    fs::set_permissions(directory, Permissions::from_mode(DIRECTORY_MODE)).map_err(failed)?;
    for (name, source) in files {
        let path = directory.join(name);
        let written = match source {
            Source::File(old) => fs::hard_link(old, &path)
                // Of files of others the system allows no further names.
                .or_else(|_| write_file(&path, &fs::read(old)?)),
            Source::Bytes(bytes) => write_file(&path, bytes),
        };
        written
            .and_then(|()| File::open(&path)?.sync_all())
            .map_err(PlaceError::of(&path, "written"))?;
    }
    sync(directory)
}

fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(path)?;
    file.set_permissions(Permissions::from_mode(FILE_MODE))?;
    file.write_all(bytes)
}

fn sync(directory: &Path) -> Result<(), PlaceError> {
    let synced = File::open(directory).and_then(|open| open.sync_all());
    synced.map_err(PlaceError::of(directory, "written"))
}
