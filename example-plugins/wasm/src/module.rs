//! A module file, and what can be wrong with it.

mod fault;
mod form;
mod text;

use std::fs;
use std::path::Path;

pub(crate) use fault::Fault;
use solti_plugin_abi::os_error::explain;

/// Reads a module of at most `limit` bytes and checks its outer form.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Fault> {
    let unreadable = |err: std::io::Error| Fault::Unreadable(explain(&err, "read it"));
    let metadata = fs::metadata(path).map_err(unreadable)?;
    // Opening a pipe would wait for somebody to write to it.
    if !metadata.is_file() {
        return Err(Fault::NotAFile);
    }
    if metadata.len() > limit {
        return Err(Fault::TooLarge {
            found: metadata.len(),
            limit,
        });
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    form::check(&bytes)?;
    Ok(bytes)
}
