//! Why a file could not be copied to where it cannot change.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a file could not be copied to where it cannot change.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StageError {
    /// Reading it failed half-way.
    #[error("cannot be read: {source}")]
    Unreadable {
        /// What the system said.
        source: io::Error,
    },
    /// Somebody writes to it.
    #[error(
        "changed while being read: copy it under a name that begins with a dot, then rename it"
    )]
    Changed,
    /// There is no room for it.
    #[error("not enough memory for its {len} bytes: set --max-file-bytes lower or free memory")]
    OutOfMemory {
        /// Its length in bytes.
        len: u64,
    },
    /// The copy cannot be written.
    #[error("cannot be copied to {}: {source}; make room there or stage in another directory (--stage-in)", directory.display())]
    Unwritable {
        /// Where the copy should be.
        directory: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
