//! Whether the host trusts the place of this checkout.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The words that have the host load plugins from `directory` all the same, where others could
/// write to it or to a directory above it: on some systems a checkout is writable by its group.
pub(crate) fn words(directory: &Path) -> io::Result<&'static [&'static str]> {
    let current = fs::metadata("/proc/self")?.uid();
    for ancestor in fs::canonicalize(directory)?.ancestors() {
        let metadata = fs::metadata(ancestor)?;
        let shared = metadata.mode() & 0o1000 != 0 && ancestor != directory;
        let writable = metadata.mode() & 0o022 != 0 && !shared;
        if writable || ![0, current].contains(&metadata.uid()) {
            return Ok(&["--trust-writable", "--trust-any-owner"]);
        }
    }
    Ok(&[])
}
