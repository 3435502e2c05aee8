//! Opens a file once, checks what was opened, and reads that.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags};

use super::{MAX_TEXT_BYTES, Policy, owner};
use crate::loader::discover::kind_of;
use crate::loader::error::{DiscoverError, LoadError, PolicyError, StageError};

/// A file that passed the policy, still open: whatever happens to its name, this is it.
#[derive(Debug)]
pub(in crate::loader) struct Opened {
    file: File,
    metadata: Metadata,
}

impl Policy {
    /// Opens the plugin file at `real`, which is absolute and without links.
    pub(in crate::loader) fn open(&self, real: &Path) -> Result<Opened, PolicyError> {
        let opened = Opened::new(real)?;
        self.check_file(&opened.metadata)?;
        let unreadable = |source| PolicyError::Unreadable { source };
        if !self.noexec && owner::on_noexec_mount(&opened.file).map_err(unreadable)? {
            return Err(PolicyError::NoExec);
        }
        let len = opened.metadata.len();
        if len > self.max_file_bytes {
            let limit = self.max_file_bytes;
            return Err(PolicyError::TooLarge { len, limit });
        }
        Ok(opened)
    }

    /// Reads a file that says something about a plugin: its sidecar, its signature, the list of
    /// digests. `None` when there is none.
    pub(in crate::loader) fn read_beside(
        &self,
        path: &Path,
    ) -> Result<Option<Vec<u8>>, Box<LoadError>> {
        let real = match std::fs::canonicalize(path) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => {
                return match std::fs::read_link(path) {
                    Err(_) => Ok(None),
                    // It is there: what it was to say, nobody knows.
                    Ok(target) => Err(boxed(DiscoverError::DanglingLink { target })),
                };
            }
            Err(source) => return Err(boxed(PolicyError::Unreadable { source })),
            Ok(real) => real,
        };
        if !self.links_outside && !real.starts_with(path.parent().unwrap_or(Path::new("/"))) {
            return Err(boxed(PolicyError::LinkOutside { target: real }));
        }
        if let Some(parent) = real.parent()
            && path.parent() != Some(parent)
        {
            self.check_directories(parent).map_err(boxed)?;
        }
        let opened = Opened::new(&real).map_err(boxed)?;
        self.check_file(&opened.metadata).map_err(boxed)?;
        let len = opened.metadata.len();
        if len > MAX_TEXT_BYTES {
            let limit = MAX_TEXT_BYTES;
            return Err(boxed(PolicyError::TextTooLarge { len, limit }));
        }
        opened.read().map(Some).map_err(boxed)
    }
}

fn boxed(err: impl Into<LoadError>) -> Box<LoadError> {
    Box::new(err.into())
}

impl Opened {
    /// Opens a regular file. Nothing else is really opened: a FIFO would block, a device might act.
    pub(in crate::loader) fn new(path: &Path) -> Result<Self, PolicyError> {
        let unreadable = |source: io::Error| PolicyError::Unreadable { source };
        let file = open_regular(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(PolicyError::NotAFile {
                found: kind_of(&metadata),
            });
        }
        let file = reopen(file).map_err(unreadable)?;
        Ok(Self { file, metadata })
    }

    /// The length of the file in bytes.
    pub(in crate::loader) fn len(&self) -> u64 {
        self.metadata.len()
    }

    /// Reads the file, which must not change meanwhile.
    pub(in crate::loader) fn read(&self) -> Result<Vec<u8>, StageError> {
        let mut bytes = Vec::new();
        self.read_into(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads the file in place of what is in `bytes`; it must not change meanwhile.
    ///
    /// It is never mapped: a file that is cut off while it is mapped kills the process.
    pub(in crate::loader) fn read_into(&self, bytes: &mut Vec<u8>) -> Result<(), StageError> {
        let unreadable = |source| StageError::Unreadable { source };
        let len = self.len();
        bytes.clear();
        usize::try_from(len)
            .ok()
            .and_then(|len| bytes.try_reserve_exact(len.saturating_add(1)).ok())
            .ok_or(StageError::OutOfMemory { len })?;
        (&self.file)
            .take(len.saturating_add(1))
            .read_to_end(bytes)
            .map_err(unreadable)?;
        let after = self.file.metadata().map_err(unreadable)?;
        // Renaming another file over it, as one should, changes the number of its names and with it
        // the time of its last change, but nothing in it.
        let renamed = after.nlink() != self.metadata.nlink();
        if bytes.len() as u64 != len
            || content(&after) != content(&self.metadata)
            || !renamed && changed(&after) != changed(&self.metadata)
        {
            return Err(StageError::Changed);
        }
        Ok(())
    }
}

/// What changes when a file is written to.
fn content(metadata: &Metadata) -> (u64, i64, i64) {
    (metadata.len(), metadata.mtime(), metadata.mtime_nsec())
}

/// The time of the last change to the file or to what is known of it, which nobody can set.
fn changed(metadata: &Metadata) -> (i64, i64) {
    (metadata.ctime(), metadata.ctime_nsec())
}

/// A descriptor of the file, which cannot be read from yet.
#[cfg(target_os = "linux")]
fn open_regular(path: &Path) -> io::Result<File> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(CWD, path, flags, Mode::empty())?.into())
}

/// The same file, to read from.
#[cfg(target_os = "linux")]
fn reopen(file: File) -> io::Result<File> {
    use std::os::fd::AsRawFd as _;
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    Ok(rustix::fs::openat(CWD, path, flags, Mode::empty())?.into())
}

#[cfg(not(target_os = "linux"))]
fn open_regular(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(CWD, path, flags, Mode::empty())?.into())
}

#[cfg(not(target_os = "linux"))]
fn reopen(file: File) -> io::Result<File> {
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_file_that_somebody_writes_to_while_it_is_read_is_refused() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"whole").unwrap();
        let opened = Opened::new(file.path()).unwrap();
        assert_eq!(opened.read().unwrap(), b"whole");
        file.write_all(b", and more").unwrap();
        let said = opened.read().unwrap_err().to_string();
        assert_eq!(
            said,
            "changed while being read: copy it under a name that begins with a dot, then rename it"
        );
        let opened = Opened::new(file.path()).unwrap();
        file.as_file().set_len(3).unwrap();
        assert!(matches!(opened.read(), Err(StageError::Changed)));
        assert_eq!(opened.len(), 15);
    }

    #[test]
    fn a_file_that_takes_the_place_of_one_that_was_opened_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, "first").unwrap();
        let opened = Opened::new(&path).unwrap();
        std::fs::write(directory.path().join("other"), "other").unwrap();
        std::fs::rename(directory.path().join("other"), &path).unwrap();
        assert_eq!(opened.read().unwrap(), b"first");
    }

    #[test]
    fn a_link_is_not_opened_even_when_it_leads_to_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(file.path(), &link).unwrap();
        assert!(Opened::new(&link).is_err());
    }
}
