//! A directory of plugins that this process alone installs into.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::error::PlaceError;

/// The link to the generation in use.
pub(super) const CURRENT: &str = "..solti";

/// What the names of generations begin with, before their numbers.
pub(super) const GENERATION: &str = "..solti-";

/// The name under which a link is made before it takes its place.
pub(super) const NEXT_LINK: &str = "..solti.next";

/// A directory of plugins. Nobody else installs into it while this is there.
pub(super) struct Directory {
    /// Absolute, without links.
    pub(super) path: PathBuf,
    open: File,
}

/// What has a name in the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Absent,
    /// A regular file, which somebody has put there.
    Plain,
    /// A link into the generation in use.
    Installed,
}

impl Directory {
    /// Waits until nobody else installs into the directory.
    pub(super) fn lock(path: &Path) -> Result<Self, PlaceError> {
        let failed = PlaceError::of(path, "locked");
        let open = File::open(path).map_err(failed)?;
        loop {
            match flock(&open, FlockOperation::LockExclusive) {
                Ok(()) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(err) => return Err(failed(err.into())),
            }
        }
        Ok(Self {
            path: path.to_owned(),
            open,
        })
    }

    /// Has the disk keep the names of the directory.
    pub(super) fn sync(&self) -> Result<(), PlaceError> {
        let synced = self.open.sync_all();
        synced.map_err(PlaceError::of(&self.path, "written"))
    }

    /// Makes `name` a link to `target`, in one step, whatever it was before.
    pub(super) fn link(&self, name: &str, target: &str) -> Result<(), PlaceError> {
        let (next, path) = (self.path.join(NEXT_LINK), self.path.join(name));
        let failed = PlaceError::of(&path, "made");
        remove(&next)?;
        symlink(target, &next).map_err(failed)?;
        fs::rename(&next, &path).map_err(failed)?;
        self.sync()
    }

    /// Makes `name` a link to the file of that name in the generation in use.
    pub(super) fn show(&self, name: &str) -> Result<(), PlaceError> {
        match entry(&self.path, name)? {
            Entry::Installed => Ok(()),
            Entry::Absent | Entry::Plain => self.link(name, &format!("{CURRENT}/{name}")),
        }
    }

    /// Removes the link `name`.
    pub(super) fn hide(&self, name: &str) -> Result<(), PlaceError> {
        if entry(&self.path, name)? == Entry::Installed {
            remove(&self.path.join(name))?;
            self.sync()?;
        }
        Ok(())
    }
}

/// What has a name in a directory of plugins.
pub(super) fn entry(directory: &Path, name: &str) -> Result<Entry, PlaceError> {
    let path = directory.join(name);
    let found = match fs::symlink_metadata(&path) {
        Ok(found) => found,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Entry::Absent),
        Err(err) => return Err(PlaceError::of(&path, "read")(err)),
    };
    let found = if found.is_symlink() {
        let target = fs::read_link(&path).map_err(PlaceError::of(&path, "read"))?;
        if target == Path::new(CURRENT).join(name) {
            return Ok(Entry::Installed);
        }
        format!("a link to {}, which was not installed", target.display())
    } else if found.is_file() {
        return Ok(Entry::Plain);
    } else if found.is_dir() {
        "a directory".to_owned()
    } else {
        "no regular file".to_owned()
    };
    Err(PlaceError::Taken { path, found })
}

/// The name of the generation in use.
pub(super) fn current(directory: &Path) -> Result<Option<String>, PlaceError> {
    let path = directory.join(CURRENT);
    match fs::read_link(&path) {
        Ok(target) => match target.to_str() {
            Some(name) if name.starts_with(GENERATION) && !name.contains('/') => {
                Ok(Some(name.to_owned()))
            }
            _ => Err(PlaceError::Taken {
                found: format!("a link to {}, which was not installed", target.display()),
                path,
            }),
        },
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(err) if err.kind() == io::ErrorKind::InvalidInput => Err(PlaceError::Taken {
            path,
            found: "no link, so it was not installed".to_owned(),
        }),
        Err(err) => Err(PlaceError::of(&path, "read")(err)),
    }
}

/// Removes a file that need not be there.
pub(super) fn remove(path: &Path) -> Result<(), PlaceError> {
    // Where nothing can be written, some systems refuse that before they look whether it is there.
    if path
        .symlink_metadata()
        .is_err_and(|err| err.kind() == io::ErrorKind::NotFound)
    {
        return Ok(());
    }
    match fs::remove_file(path) {
        Err(err) if err.kind() != io::ErrorKind::NotFound => {
            Err(PlaceError::of(path, "removed")(err))
        }
        _ => Ok(()),
    }
}
