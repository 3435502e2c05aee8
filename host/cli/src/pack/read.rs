//! The bytes of a pack to its members, whoever made it up.
//!
//! Nothing is unpacked to the disk here, and nothing is passed over: what a pack may not have refuses it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use solti_plugin_host::text::escape_bytes;
use thiserror::Error;

use super::format::{Members, fault_of_name};

/// The most members that a pack may have: five for each plugin.
const MAX_MEMBERS: usize = 512;

/// The largest member that is a text.
const MAX_TEXT_BYTES: u64 = 4 << 20;

/// The most memory that decompressing may take: 128 MiB, as the tool `zstd` has it.
const MAX_WINDOW_LOG: u32 = 27;

/// The most that may stand behind the last member: tar fills its last block of 10 KiB up.
const MAX_PADDING: u64 = 64 << 10;

/// Why a pack is not read.
#[derive(Debug, Error)]
pub(crate) enum ReadError {
    /// The file cannot be opened.
    #[error("it cannot be opened")]
    Unopened(#[source] io::Error),
    /// It is no regular file.
    #[error("not a regular file; a pack is a file that `solti-host pack` made")]
    NotAFile,
    /// It is not a pack, or only the beginning of one.
    #[error("damaged or not a pack: {0}; copy it again, or make it with `solti-host pack`")]
    Damaged(String),
    /// An entry has a name that could lead anywhere.
    #[error("the entry {name:?} {fault}; get the pack from whoever made it")]
    BadName {
        /// The name, with what would act on a terminal written out.
        name: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// An entry is no file.
    #[error(
        "the entry {name:?} is {found}, expected a regular file; get the pack from whoever made it"
    )]
    BadKind {
        /// The name.
        name: String,
        /// What it is.
        found: &'static str,
    },
    /// Two entries have one name.
    #[error("the entry {0:?} is there twice; get the pack from whoever made it")]
    Twice(String),
    /// An entry is larger than any that would be used.
    #[error("the entry {name:?} has {len} bytes, expected {limit} at most{option}")]
    TooLarge {
        /// The name.
        name: String,
        /// Its length.
        len: u64,
        /// The most.
        limit: u64,
        /// The option that sets the limit, in words.
        option: &'static str,
    },
    /// All entries together are larger than a plugin may be.
    #[error(
        "the entry {name:?} brings the pack to {len} bytes, expected {limit} at most (--max-file-bytes)"
    )]
    TooMuch {
        /// The entry at which that was found.
        name: String,
        /// The length so far.
        len: u64,
        /// The most.
        limit: u64,
    },
    /// There are more entries than any pack has.
    #[error(
        "the entry {name:?} is one of more than {MAX_MEMBERS}; get the pack from whoever made it"
    )]
    TooMany {
        /// The entry at which that was found.
        name: String,
    },
}

/// Reads a pack of which a library, and all of it together, has `max_bytes` at most.
///
/// # Errors
///
/// [`ReadError`] for the first entry that is not as `pack` writes it.
pub(crate) fn read(path: &Path, max_bytes: u64) -> Result<Members, ReadError> {
    // Before it is opened: a FIFO would block.
    if !path.metadata().map_err(ReadError::Unopened)?.is_file() {
        return Err(ReadError::NotAFile);
    }
    let file = File::open(path).map_err(ReadError::Unopened)?;
    from(file, max_bytes)
}

fn from(compressed: impl Read, max_bytes: u64) -> Result<Members, ReadError> {
    let mut decoder = zstd::Decoder::new(compressed).map_err(damaged)?;
    decoder.window_log_max(MAX_WINDOW_LOG).map_err(damaged)?;
    let mut members = Members::new();
    let mut archive = tar::Archive::new(&mut decoder);
    let mut total = 0;
    // Raw: an extension that renames the entry behind it is an entry that is refused.
    for entry in archive.entries().map_err(damaged)?.raw(true) {
        let mut entry = entry.map_err(damaged)?;
        let name = member_name(&entry)?;
        let size = entry.header().entry_size().map_err(damaged)?;
        check_kind(&name, entry.header().entry_type())?;
        if members.contains_key(&name) {
            return Err(ReadError::Twice(name));
        }
        if members.len() == MAX_MEMBERS {
            return Err(ReadError::TooMany { name });
        }
        total = take_size(&name, size, total, max_bytes)?;
        let mut bytes = Vec::new();
        // It grows with what is really there: a header alone takes no memory.
        entry.read_to_end(&mut bytes).map_err(damaged)?;
        if bytes.len() as u64 != size {
            return Err(ReadError::Damaged(format!("the entry {name:?} is cut off")));
        }
        members.insert(name, bytes);
    }
    check_end(decoder)?;
    Ok(members)
}

fn member_name(entry: &tar::Entry<'_, impl Read>) -> Result<String, ReadError> {
    let raw = entry.path_bytes();
    let name = escape_bytes(&raw).into_owned();
    match fault_of_name(&name) {
        None => Ok(name),
        Some(fault) => Err(ReadError::BadName { name, fault }),
    }
}

fn check_kind(name: &str, kind: tar::EntryType) -> Result<(), ReadError> {
    let found = match kind {
        tar::EntryType::Regular => return Ok(()),
        tar::EntryType::Link => "a hard link",
        tar::EntryType::Symlink => "a symbolic link",
        tar::EntryType::Char | tar::EntryType::Block => "a device",
        tar::EntryType::Directory => "a directory",
        tar::EntryType::Fifo => "a FIFO",
        tar::EntryType::GNUSparse => "a sparse file",
        _ => "an extension of tar",
    };
    let name = name.to_owned();
    Err(ReadError::BadKind { name, found })
}

/// The length of all entries with this one.
fn take_size(name: &str, len: u64, before: u64, max_bytes: u64) -> Result<u64, ReadError> {
    let is_library = name.ends_with(std::env::consts::DLL_SUFFIX);
    let (limit, option) = match is_library {
        true => (max_bytes, " (--max-file-bytes)"),
        false => (MAX_TEXT_BYTES, ""),
    };
    let name = name.to_owned();
    if len > limit {
        return Err(ReadError::TooLarge {
            name,
            len,
            limit,
            option,
        });
    }
    let total = before.saturating_add(len);
    let limit = max_bytes.saturating_add(MAX_TEXT_BYTES);
    if total > limit {
        return Err(ReadError::TooMuch {
            name,
            len: total,
            limit,
        });
    }
    Ok(total)
}

/// Reads to the end of the stream, whose checksum is there, and finds nothing more than padding.
fn check_end(decoder: impl Read) -> Result<(), ReadError> {
    let mut rest = Vec::new();
    let mut decoder = decoder.take(MAX_PADDING + 1);
    decoder.read_to_end(&mut rest).map_err(damaged)?;
    if rest.len() as u64 > MAX_PADDING || rest.iter().any(|byte| *byte != 0) {
        return Err(ReadError::Damaged(
            "there is more behind its last entry".to_owned(),
        ));
    }
    Ok(())
}

fn damaged(err: io::Error) -> ReadError {
    ReadError::Damaged(err.to_string())
}
