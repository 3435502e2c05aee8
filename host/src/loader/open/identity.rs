//! Whether the code that was opened is that of the file that was checked.

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;

use super::error::OpenError;
use crate::maps;

/// Checks that the `address` of a symbol lies in a mapping of `file`, where the system tells.
pub(super) fn check(address: usize, file: &File) -> Result<(), OpenError> {
    let expected = file.metadata().map(|metadata| metadata.ino());
    let (Ok(expected), Ok(found)) = (expected, maps::inode_at(address)) else {
        return Ok(());
    };
    // A number of an inode is not enough in general, but the file is one of ours: in memory, or
    // just made.
    if found == Some(expected) {
        Ok(())
    } else {
        Err(OpenError::NotTheStagedFile)
    }
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
