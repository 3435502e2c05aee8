//! Owners and permission bits.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use super::error::{AdmitError, Place, STICKY};
use crate::loader::options::Trust;

/// Others than the owner may write.
const WRITABLE: u32 = 0o022;

/// Checks a directory that holds plugins and every directory above it. `directory` is absolute and
/// without links.
pub(in crate::loader) fn check_directories(
    directory: &Path,
    trust: &Trust,
) -> Result<(), AdmitError> {
    for ancestor in directory.ancestors() {
        let place = Place::Directory(ancestor.to_owned());
        let metadata = fs::symlink_metadata(ancestor).map_err(|reason| AdmitError::Unreadable {
            place: place.clone(),
            reason,
        })?;
        // Where anybody may create files, a plugin directory is none; above it, the bit that keeps
        // them from replacing what is not theirs is enough: /tmp.
        let shared = ancestor != directory && metadata.mode() & STICKY != 0;
        check_owner(&metadata, &place, trust)?;
        if !shared {
            check_mode(&metadata, &place, trust)?;
        }
    }
    Ok(())
}

pub(super) fn check_owner(
    metadata: &Metadata,
    place: &Place,
    trust: &Trust,
) -> Result<(), AdmitError> {
    let current = rustix::process::geteuid().as_raw();
    let owner = metadata.uid();
    if trust.any_owner || owner == 0 || owner == current || trust.owners.contains(&owner) {
        return Ok(());
    }
    let mut trusted = vec![0, current];
    trusted.extend(&trust.owners);
    trusted.sort_unstable();
    trusted.dedup();
    Err(AdmitError::Owner {
        place: place.clone(),
        owner,
        trusted,
    })
}

pub(super) fn check_mode(
    metadata: &Metadata,
    place: &Place,
    trust: &Trust,
) -> Result<(), AdmitError> {
    let mode = metadata.permissions().mode() & 0o7777;
    if trust.writable || mode & WRITABLE == 0 {
        return Ok(());
    }
    Err(AdmitError::Writable {
        place: place.clone(),
        mode,
    })
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
