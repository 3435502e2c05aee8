//! Members to the bytes of a pack: the same members are always the same bytes.

use std::io;

use super::format::Members;

/// How hard zstd tries: what a release can afford, and every reader has memory for.
const LEVEL: i32 = 19;

/// The bytes of a pack. Nothing in them depends on when, where and by whom it is made: the order is that of
/// the names, times are zero, owners are root, and one thread compresses.
///
/// # Errors
///
/// When a name has no room in a tar header, or memory is short.
pub(crate) fn write(members: &Members) -> io::Result<Vec<u8>> {
    let mut encoder = zstd::Encoder::new(Vec::new(), LEVEL)?;
    // Damage is found whatever it hits.
    encoder.include_checksum(true)?;
    let mut archive = tar::Builder::new(encoder);
    for (name, bytes) in members {
        let mut header = tar::Header::new_ustar();
        header.set_path(name)?;
        header.set_size(bytes.len() as u64);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_cksum();
        archive.append(&header, bytes.as_slice())?;
    }
    archive.into_inner()?.finish()
}
