//! Who may have written a file: asked of what was opened, before a byte of it is read.
//!
//! A plugin runs with all rights of the host. So its file, every directory above it and all that is
//! read beside it must have been written by somebody who has those rights anyway. Each check has a
//! way out among the options of the loader.
//!
//! A file is opened once and read once: whatever happens to its name meanwhile, what was checked is
//! what was read.

mod error;
mod link;
mod owner;
mod read;
mod search;

pub use error::{AdmitError, Place};
pub(super) use link::check_link;
pub(super) use owner::{check_directories, check_way};
pub(super) use read::{Opened, kind_of, read_key, read_text};
pub(super) use search::check_search;
