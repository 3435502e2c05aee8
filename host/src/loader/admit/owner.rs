//! Owners and permission bits.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use super::error::{AdmitError, Place, STICKY};
use crate::links::{End, Way};
use crate::loader::options::Trust;

/// Others than the owner may write.
const WRITABLE: u32 = 0o022;

/// Checks every directory that a path leads through, as it was named: also those of links on the way,
/// and the links themselves, where others could have put them. The directory that the path leads to
/// may be one of several users, and need not be there, unless others could make it.
pub(in crate::loader) fn check_way(path: &Path, trust: &Trust) -> Result<(), AdmitError> {
    let way = Way::of(path).map_err(|reason| AdmitError::Unreadable {
        place: Place::Directory(path.to_owned()),
        reason,
    })?;
    let directories = || way.steps.iter().filter(|step| step.metadata.is_dir());
    for step in directories() {
        let place = Place::Directory(step.path.clone());
        check_owner(&step.metadata, &place, trust)?;
        if step.metadata.mode() & STICKY == 0 {
            check_mode(&step.metadata, &place, trust)?;
        }
    }
    if !trust.writable {
        for link in way.links_of_others() {
            check_owner(&link.metadata, &Place::Link(link.path.clone()), trust)?;
        }
    }
    match directories().next_back() {
        Some(last) if way.leads_to == End::Nothing => {
            check_mode(&last.metadata, &Place::Directory(last.path.clone()), trust)
        }
        _ => Ok(()),
    }
}

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
