//! Who may have written a file, and whether it is the file that was meant.
//!
//! A plugin runs with all rights of the host. So its file, every directory above it and all that is
//! read beside it must have been written by somebody who has those rights anyway. Each check has a
//! way out among the options of [`PluginLoader`](super::PluginLoader).

mod options;
mod owner;
mod read;
mod signature;
mod sums;

use minisign_verify::PublicKey;

pub use options::PublicKeyError;
pub(super) use read::Opened;
pub(super) use signature::signature_file;
pub(super) use sums::{SUMS, Sums};

/// The largest file that is read unless the host says otherwise: 256 MiB.
pub(super) const MAX_FILE_BYTES: u64 = 256 << 20;

/// The largest sidecar, list of digests or signature.
const MAX_TEXT_BYTES: u64 = 4 << 20;

/// What is asked of files.
#[derive(Clone)]
pub(super) struct Policy {
    pub(super) any_owner: bool,
    /// Users that are trusted besides root and the current one.
    pub(super) owners: Vec<u32>,
    pub(super) writable: bool,
    pub(super) noexec: bool,
    pub(super) links_outside: bool,
    pub(super) max_file_bytes: u64,
    /// Where there is one, files must be signed by one of them.
    pub(super) keys: Vec<PublicKey>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            any_owner: false,
            owners: Vec::new(),
            writable: false,
            noexec: false,
            links_outside: false,
            max_file_bytes: MAX_FILE_BYTES,
            keys: Vec::new(),
        }
    }
}
