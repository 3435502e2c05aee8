//! The versions of symbols.
//!
//! The records are linked by the distance to the next, and walked that way, as the system's loader
//! does it: the counts that stand beside the distances are nothing that it looks at.

use object::elf::{self, Verdaux, Verdef, Vernaux, Verneed};
use object::{Bytes, Endianness};

use super::dynamic::Image;

/// More versions than any library has; so few that tables whose records lead to the same ones again
/// and again do not keep the host busy.
const MAX_VERSIONS: usize = 8_192;

/// The versions of other libraries' symbols that a library needs; `None` when the records lead out
/// of it.
pub(super) fn needed<'data>(image: &Image<'data>) -> Option<Vec<&'data Vernaux<Endianness>>> {
    let endian = image.endian;
    let mut needed = Vec::new();
    let Some(start) = image.value(elf::DT_VERNEED) else {
        return Some(needed);
    };
    let mut libraries = Bytes(image.bytes_from(start)?);
    loop {
        let library = libraries.read_at::<Verneed<Endianness>>(0).ok()?;
        let mut versions = libraries;
        versions.skip(library.vn_aux.get(endian) as usize).ok()?;
        loop {
            let version = versions.read_at::<Vernaux<Endianness>>(0).ok()?;
            if needed.len() == MAX_VERSIONS {
                return None;
            }
            needed.push(version);
            match version.vna_next.get(endian) {
                0 => break,
                distance => versions.skip(distance as usize).ok()?,
            }
        }
        match library.vn_next.get(endian) {
            0 => return Some(needed),
            distance => libraries.skip(distance as usize).ok()?,
        }
    }
}

/// The libraries whose versions a library needs; `None` when the records lead out of it.
pub(super) fn libraries<'data>(image: &Image<'data>) -> Option<Vec<&'data Verneed<Endianness>>> {
    let mut found = Vec::new();
    let Some(start) = image.value(elf::DT_VERNEED) else {
        return Some(found);
    };
    let mut libraries = Bytes(image.bytes_from(start)?);
    loop {
        let library = libraries.read_at::<Verneed<Endianness>>(0).ok()?;
        if found.len() == MAX_VERSIONS {
            return None;
        }
        found.push(library);
        match library.vn_next.get(image.endian) {
            0 => return Some(found),
            distance => libraries.skip(distance as usize).ok()?,
        }
    }
}

/// The versions of its own symbols that a library defines; `None` when the records lead out of it.
fn defined<'data>(image: &Image<'data>) -> Option<Vec<&'data Verdef<Endianness>>> {
    let mut defined = Vec::new();
    let Some(start) = image.value(elf::DT_VERDEF) else {
        return Some(defined);
    };
    let mut versions = Bytes(image.bytes_from(start)?);
    loop {
        let version = versions.read_at::<Verdef<Endianness>>(0).ok()?;
        if defined.len() == MAX_VERSIONS {
            return None;
        }
        // Its name stands in a record behind it, which the loader looks up.
        versions
            .read_at::<Verdaux<Endianness>>(version.vd_aux.get(image.endian) as usize)
            .ok()?;
        defined.push(version);
        match version.vd_next.get(image.endian) {
            0 => return Some(defined),
            distance => versions.skip(distance as usize).ok()?,
        }
    }
}

/// The largest number that a version has, its own or a needed one; `None` when the records lead out
/// of the library.
pub(super) fn last(image: &Image<'_>) -> Option<u16> {
    let endian = image.endian;
    let needed = needed(image)?;
    let defined = defined(image)?;
    let needed = needed.iter().map(|version| version.vna_other(endian));
    let defined = defined
        .iter()
        .map(|version| version.vd_ndx.get(endian).versym(false));
    needed
        .chain(defined)
        // Without the bit that says that it is hidden.
        .map(|version| version.index().0)
        .max()
        .max(Some(elf::VER_NDX_GLOBAL.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The records of libraries, each with all of the same versions, `count` of both.
    fn tables(count: usize) -> Vec<u8> {
        let len = 16 * count;
        let mut bytes = Vec::new();
        for index in 0..count {
            let last = index + 1 == count;
            let to_versions = (len - 16 * index) as u32;
            let to_next = if last { 0_u32 } else { 16 };
            bytes.extend([0; 8]);
            bytes.extend([to_versions, to_next].map(u32::to_le_bytes).concat());
        }
        for index in 0..count {
            let last = index + 1 == count;
            bytes.extend([0; 6]);
            bytes.extend((index as u16).to_le_bytes());
            bytes.extend([0; 4]);
            bytes.extend(if last { 0_u32 } else { 16 }.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn versions_that_are_listed_again_and_again_do_not_keep_the_host_busy() {
        let count = |bytes: &[u8]| {
            let image = Image::made_up(bytes, &[(elf::DT_VERNEED, 0)]);
            needed(&image).map(|versions| versions.len())
        };
        assert_eq!(count(&tables(4)), Some(16));
        assert_eq!(count(&tables(90)), Some(8_100));
        // 360 MB of references, and it would be 64 GB with a table of a megabyte.
        assert_eq!(count(&tables(6_000)), None);
        assert_eq!(count(&tables(4)[..127]), None, "it is cut off");
    }

    #[test]
    fn the_last_version_is_that_of_either_table() {
        let mut bytes = tables(4);
        let definitions = bytes.len() as u64;
        // The number 7, and the bit that says that it is hidden.
        bytes.extend([0, 0, 0, 0, 7, 0x80]);
        bytes.extend([0; 14]);
        let needs = (elf::DT_VERNEED, 0);
        let defines = (elf::DT_VERDEF, definitions);
        let last = |entries: &[_]| last(&Image::made_up(&bytes, entries));
        assert_eq!(last(&[]), Some(1));
        assert_eq!(last(&[needs]), Some(3));
        assert_eq!(last(&[needs, defines]), Some(7));
        assert_eq!(last(&[(elf::DT_VERDEF, definitions + 1)]), None);
    }
}
