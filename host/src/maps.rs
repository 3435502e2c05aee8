//! What is mapped into this process, as the system lists it.
//!
//! Systems without such a list have nothing to say here, and no check depends on it there.

#[cfg(target_os = "linux")]
mod query;

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::sync::LazyLock;

/// The list: one mapping a line, sorted by address.
const MAPS: &str = "/proc/self/maps";

/// The inode that is mapped at an address, 0 for memory; `None` when nothing is. An error when the
/// system has no list.
///
/// An older system's list is read no further than to the address: the system puts a new library below
/// those it has, so with hundreds of plugins the one that was just opened is among the first.
pub(crate) fn inode_at(address: usize) -> std::io::Result<Option<u64>> {
    let maps = File::open(MAPS)?;
    #[cfg(target_os = "linux")]
    if let Ok(inode) = query::inode_at(&maps, address) {
        return Ok(inode);
    }
    listed_inode_at(maps, address)
}

fn listed_inode_at(maps: File, address: usize) -> std::io::Result<Option<u64>> {
    let maps = BufReader::with_capacity(1024, maps);
    // A path may be any bytes, so the lines are no text.
    let mut lines = maps.split(b'\n').map_while(Result::ok);
    Ok(lines.find_map(|line| inode_of(&String::from_utf8_lossy(&line), address)))
}

/// The names of the files that were mapped before the first plugin was opened.
static OF_HOST: LazyLock<HashSet<Vec<u8>>> = LazyLock::new(|| {
    let maps = std::fs::read(MAPS).unwrap_or_default();
    maps.split(|byte| *byte == b'\n')
        .filter_map(|line| line.rsplit(|byte| *byte == b'/').next())
        .map(<[u8]>::to_vec)
        .collect()
});

/// Notes what the host uses itself, before a plugin adds what it brings: one file may be looked at
/// while another is opened, and what is said of it must not depend on which comes first.
pub(crate) fn note_files_of_host() {
    LazyLock::force(&OF_HOST);
}

/// Whether the host itself uses a file of this name, in whatever directory.
pub(crate) fn is_file_of_host(name: &str) -> bool {
    OF_HOST.contains(name.as_bytes())
}

/// The inode of a mapping that has the address.
fn inode_of(mapping: &str, address: usize) -> Option<u64> {
    let (start, end, inode) = parsed(mapping)?;
    (start..end).contains(&address).then_some(inode)
}

/// Start, end and inode of a mapping: `start-end rights offset device inode path`.
fn parsed(mapping: &str) -> Option<(usize, usize, u64)> {
    let mut fields = mapping.split_ascii_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    let number = |text| usize::from_str_radix(text, 16).ok();
    Some((number(start)?, number(end)?, fields.nth(3)?.parse().ok()?))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_mapped_is_found_by_its_address_and_by_its_name() {
        use std::os::unix::fs::MetadataExt as _;
        let own = File::open("/proc/self/exe").unwrap();
        let address = inode_of as *const () as usize;
        assert_eq!(
            inode_at(address).unwrap(),
            Some(own.metadata().unwrap().ino())
        );
        assert_eq!(inode_at(0).unwrap(), None);
        let listed = |address| listed_inode_at(File::open(MAPS).unwrap(), address).unwrap();
        let local = 0;
        for address in [address, 0, (&raw const local).addr()] {
            assert_eq!(listed(address), inode_at(address).unwrap());
        }
        assert!(is_file_of_host("libc.so.6") || !cfg!(target_env = "gnu"));
        assert!(!is_file_of_host("libnobody.so.6"));
    }
}
