//! Whether the code that was opened is that of the file that was checked.

use std::fs::File;

use crate::loader::error::OpenError;

/// Checks that the `address` of a symbol lies in a mapping of `file`.
#[cfg(target_os = "linux")]
pub(super) fn check(address: usize, file: &File) -> Result<(), OpenError> {
    use std::os::unix::fs::MetadataExt as _;
    let expected = file.metadata().map(|metadata| metadata.ino());
    let maps = std::fs::read_to_string("/proc/self/maps");
    match (expected, maps) {
        // A number of an inode is not enough in general, but the file is one of ours: in memory, or
        // just made.
        (Ok(expected), Ok(maps)) if inode_at(&maps, address) != Some(expected) => {
            Err(OpenError::NotTheStagedFile)
        }
        _ => Ok(()),
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn check(_: usize, _: &File) -> Result<(), OpenError> {
    Ok(())
}

/// The inode that is mapped at an address: `start-end rights offset device inode path`.
#[cfg(target_os = "linux")]
fn inode_at(maps: &str, address: usize) -> Option<u64> {
    maps.lines().find_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let (start, end) = fields.next()?.split_once('-')?;
        let number = |text| usize::from_str_radix(text, 16).ok();
        if !(number(start)?..number(end)?).contains(&address) {
            return None;
        }
        fields.nth(3)?.parse().ok()
    })
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
