//! Whether a file is another one than it was when it was read.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// What tells a file from what it was before; one that is not there is one as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen(Option<(u64, u64, i64, i64)>);

impl Seen {
    /// That of a file as it is now.
    pub(crate) fn of(path: &Path) -> Self {
        let found = fs::metadata(path).ok();
        Self(found.map(|it| (it.ino(), it.len(), it.ctime(), it.ctime_nsec())))
    }
}
