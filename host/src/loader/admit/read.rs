//! Opens a file once, checks what was opened, and reads that.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags};
#[cfg(target_os = "linux")]
use rustix::io::Errno;

use super::error::{AdmitError, Place};
use super::link::check_link;
use super::owner::{check_mode, check_owner, check_way, on_noexec_mount};
use crate::links::{self, Broken};
use crate::loader::options::Trust;

/// The largest sidecar, list of digests or signature.
const MAX_TEXT_BYTES: u64 = 4 << 20;

/// The largest file of a public key, which has two short lines.
const MAX_KEY_BYTES: u64 = 4 << 10;

/// A regular file, still open: whatever happens to its name, this is it.
#[derive(Debug)]
pub(in crate::loader) struct Opened {
    file: File,
    metadata: Metadata,
}

/// Reads a file that says something about a plugin: its sidecar, its signature, the list of digests.
/// `None` when there is none.
///
/// What it says counts as much as what is in the plugin, so it must have been written by the same
/// people.
pub(in crate::loader) fn read_text(
    path: &Path,
    trust: &Trust,
) -> Result<Option<Vec<u8>>, AdmitError> {
    let real = match fs::canonicalize(path) {
        Ok(real) => real,
        Err(err) => {
            return match (links::broken(path, &err), fs::read_link(path)) {
                (Some(Broken::Dangling), Err(_)) => Ok(None),
                // It is there: what it was to say, nobody knows.
                (Some(Broken::Dangling), Ok(target)) => Err(AdmitError::DanglingLink { target }),
                (Some(Broken::Loop), Ok(target)) => Err(AdmitError::LinkLoop { target }),
                (Some(Broken::TooMany), Ok(target)) => Err(AdmitError::TooManyLinks { target }),
                _ => Err(unreadable(err)),
            };
        }
    };
    check_link(path, &real, trust)?;
    let opened = Opened::new(&real)?;
    check_owner(&opened.metadata, &Place::File, trust)?;
    check_mode(&opened.metadata, &Place::File, trust)?;
    let len = opened.len();
    if len > MAX_TEXT_BYTES {
        let limit = MAX_TEXT_BYTES;
        return Err(AdmitError::TextTooLarge { len, limit });
    }
    let mut text = Vec::new();
    opened.read_into(&mut text)?;
    Ok(Some(text))
}

/// Reads the file of a public key: what vouches for plugins must be as hard to change as they are.
pub(in crate::loader) fn read_key(path: &Path, trust: &Trust) -> Result<Vec<u8>, AdmitError> {
    check_way(path, trust)?;
    let real = fs::canonicalize(path).map_err(unreadable)?;
    let opened = Opened::new(&real)?;
    check_owner(&opened.metadata, &Place::File, trust)?;
    check_mode(&opened.metadata, &Place::File, trust)?;
    let (len, limit) = (opened.len(), MAX_KEY_BYTES);
    if len > limit {
        return Err(AdmitError::TextTooLarge { len, limit });
    }
    let mut text = Vec::new();
    opened.read_into(&mut text)?;
    Ok(text)
}

impl Opened {
    /// Opens a regular file; `path` is absolute and without links. Nothing else is really opened: a
    /// FIFO would block, a device might act.
    pub(in crate::loader) fn new(path: &Path) -> Result<Self, AdmitError> {
        let file = open_regular(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(AdmitError::NotAFile {
                found: kind_of(&metadata),
            });
        }
        let file = reopen(file)?;
        Ok(Self { file, metadata })
    }

    /// The length of the file in bytes.
    pub(in crate::loader) fn len(&self) -> u64 {
        self.metadata.len()
    }

    /// Everything that speaks against running what is in it, whatever that is.
    pub(in crate::loader) fn refusals(&self, trust: &Trust) -> impl Iterator<Item = AdmitError> {
        let checks = [
            check_owner(&self.metadata, &Place::File, trust),
            check_mode(&self.metadata, &Place::File, trust),
            self.check_mount(trust),
        ];
        checks.into_iter().filter_map(Result::err)
    }

    fn check_mount(&self, trust: &Trust) -> Result<(), AdmitError> {
        if !trust.noexec && on_noexec_mount(&self.file).map_err(unreadable)? {
            return Err(AdmitError::NoExec);
        }
        Ok(())
    }

    /// Reads a plugin in place of what is in `bytes`; it must not change meanwhile.
    pub(in crate::loader) fn read_plugin(
        &self,
        bytes: &mut Vec<u8>,
        trust: &Trust,
    ) -> Result<(), AdmitError> {
        let (len, limit) = (self.len(), trust.max_file_bytes);
        if len > limit {
            return Err(AdmitError::TooLarge { len, limit });
        }
        self.read_into(bytes)
    }

    /// It is never mapped: a file that is cut off while it is mapped kills the process.
    fn read_into(&self, bytes: &mut Vec<u8>) -> Result<(), AdmitError> {
        let len = self.len();
        bytes.clear();
        usize::try_from(len)
            .ok()
            .and_then(|len| bytes.try_reserve_exact(len.saturating_add(1)).ok())
            .ok_or(AdmitError::OutOfMemory { len })?;
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
            return Err(AdmitError::Changed);
        }
        Ok(())
    }
}

fn unreadable(reason: io::Error) -> AdmitError {
    AdmitError::Unreadable {
        place: Place::File,
        reason,
    }
}

/// What a file is that is not a regular one.
pub(in crate::loader) fn kind_of(metadata: &Metadata) -> &'static str {
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
fn reopen(file: File) -> Result<File, AdmitError> {
    use std::os::fd::AsRawFd as _;
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    match rustix::fs::openat(CWD, path, flags, Mode::empty()) {
        Ok(file) => Ok(file.into()),
        // The file is open, so what is missing is the list of what is.
        Err(Errno::NOENT) => Err(AdmitError::NoProc),
        Err(err) => Err(unreadable(err.into())),
    }
}

#[cfg(not(target_os = "linux"))]
fn open_regular(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(CWD, path, flags, Mode::empty())?.into())
}

#[cfg(not(target_os = "linux"))]
fn reopen(file: File) -> Result<File, AdmitError> {
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    impl Opened {
        fn read(&self) -> Result<Vec<u8>, AdmitError> {
            let mut bytes = Vec::new();
            self.read_into(&mut bytes)?;
            Ok(bytes)
        }
    }

    #[test]
    fn a_file_that_somebody_writes_to_while_it_is_read_is_refused() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"whole").unwrap();
        let opened = Opened::new(file.path()).unwrap();
        assert_eq!(opened.read().unwrap(), b"whole");
        file.write_all(b", and more").unwrap();
        assert!(matches!(opened.read(), Err(AdmitError::Changed)));
        let opened = Opened::new(file.path()).unwrap();
        file.as_file().set_len(3).unwrap();
        assert!(matches!(opened.read(), Err(AdmitError::Changed)));
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
