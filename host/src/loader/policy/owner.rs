//! Owners and permission bits.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use super::Policy;
use crate::loader::error::{Place, PolicyError};

/// Others than the owner may write.
const WRITABLE: u32 = 0o022;
/// In a directory with this bit, only the owner of a file may replace it.
const STICKY: u32 = 0o1000;

impl Policy {
    /// Checks a directory that holds plugins and every directory above it. `directory` is absolute
    /// and without links.
    pub(in crate::loader) fn check_directories(&self, directory: &Path) -> Result<(), PolicyError> {
        for ancestor in directory.ancestors() {
            let place = Place::Directory(ancestor.to_owned());
            let metadata =
                fs::symlink_metadata(ancestor).map_err(|source| PolicyError::PlaceUnreadable {
                    place: place.clone(),
                    source,
                })?;
            // Where anybody may create files, a plugin directory is none; above it, the bit that
            // keeps them from replacing what is not theirs is enough: /tmp.
            let shared = ancestor != directory && metadata.mode() & STICKY != 0;
            self.check_owner(&metadata, &place)?;
            if !shared {
                self.check_mode(&metadata, &place)?;
            }
        }
        Ok(())
    }

    /// Checks the owner and the mode of a file.
    pub(super) fn check_file(&self, metadata: &Metadata) -> Result<(), PolicyError> {
        self.check_owner(metadata, &Place::File)?;
        self.check_mode(metadata, &Place::File)
    }

    fn check_owner(&self, metadata: &Metadata, place: &Place) -> Result<(), PolicyError> {
        let current = rustix::process::geteuid().as_raw();
        let owner = metadata.uid();
        if self.any_owner || owner == 0 || owner == current || self.owners.contains(&owner) {
            return Ok(());
        }
        let mut trusted = vec![0, current];
        trusted.extend(&self.owners);
        trusted.sort_unstable();
        trusted.dedup();
        Err(PolicyError::Owner {
            place: place.clone(),
            owner,
            trusted,
        })
    }

    fn check_mode(&self, metadata: &Metadata, place: &Place) -> Result<(), PolicyError> {
        let mode = metadata.permissions().mode() & 0o7777;
        if self.writable || mode & WRITABLE == 0 {
            return Ok(());
        }
        Err(PolicyError::Writable {
            place: place.clone(),
            mode,
        })
    }
}

/// Whether the mount a file is on forbids running programs from it.
#[cfg(not(target_vendor = "apple"))]
pub(super) fn on_noexec_mount(file: &fs::File) -> io::Result<bool> {
    let mount = rustix::fs::fstatvfs(file)?;
    Ok(mount.f_flag.contains(rustix::fs::StatVfsMountFlags::NOEXEC))
}

/// The same on macOS, whose `fstatvfs` does not tell.
#[cfg(target_vendor = "apple")]
pub(super) fn on_noexec_mount(file: &fs::File) -> io::Result<bool> {
    let mount = rustix::fs::fstatfs(file)?;
    Ok(mount.f_flags & libc::MNT_NOEXEC.cast_unsigned() != 0)
}
