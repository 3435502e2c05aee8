//! Whether the code that was opened is that of the file that was checked.

use std::fs::File;
#[cfg(target_os = "linux")]
use std::io::{BufRead, BufReader};

use crate::loader::error::OpenError;

/// Checks that the `address` of a symbol lies in a mapping of `file`.
#[cfg(target_os = "linux")]
pub(super) fn check(address: usize, file: &File) -> Result<(), OpenError> {
    use std::os::unix::fs::MetadataExt as _;
    let expected = file.metadata().map(|metadata| metadata.ino());
    let maps = File::open("/proc/self/maps").map(|maps| BufReader::with_capacity(1024, maps));
    let (Ok(expected), Ok(maps)) = (expected, maps) else {
        return Ok(());
    };
    // A number of an inode is not enough in general, but the file is one of ours: in memory, or
    // just made.
    if inode_at(maps, address) == Some(expected) {
        Ok(())
    } else {
        Err(OpenError::NotTheStagedFile)
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn check(_: usize, _: &File) -> Result<(), OpenError> {
    Ok(())
}

/// The inode that is mapped at an address.
///
/// The list is read no further than to the address. It is sorted, and the system puts a new library
/// below those it has: with hundreds of plugins, the one that was just opened is among the first.
#[cfg(target_os = "linux")]
fn inode_at(maps: impl BufRead, address: usize) -> Option<u64> {
    // A path may be any bytes, so the lines are no text.
    let mut lines = maps.split(b'\n').map_while(Result::ok);
    lines.find_map(|line| inode_of(&String::from_utf8_lossy(&line), address))
}

/// The inode of a mapping that has the address: `start-end rights offset device inode path`.
#[cfg(target_os = "linux")]
fn inode_of(mapping: &str, address: usize) -> Option<u64> {
    let mut fields = mapping.split_ascii_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    let number = |text| usize::from_str_radix(text, 16).ok();
    if !(number(start)?..number(end)?).contains(&address) {
        return None;
    }
    fields.nth(3)?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn code_of_another_file_is_not_taken_for_that_of_the_one_that_was_checked() {
        let own = File::open("/proc/self/exe").unwrap();
        let address = check as *const () as usize;
        check(address, &own).unwrap();
        let other = File::open("/proc/self/status").unwrap();
        assert!(matches!(
            check(address, &other),
            Err(OpenError::NotTheStagedFile)
        ));
    }
}
