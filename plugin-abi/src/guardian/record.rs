//! What stands in the table, as both sides read and write it.
//!
//! | slot | kind | from 4 | from 8 | from 16 | from 24 |
//! |---|---|---|---|---|---|
//! | free | 0 | | | | |
//! | a process about to be started | 1 | | inode of the pipe | | |
//! | a group | 2 | leader | not before | not after | 1: with strays |
//! | a file | 3 | length of the path | the path | | |
//!
//! Numbers are in the order of the machine's bytes; kinds and leaders and lengths have 4 of them, the
//! others 8. A kind that is not known is passed over.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The size of a slot. None lies across two pages.
pub const SLOT_BYTES: usize = 512;

/// The size of a slot, as part of an offset.
pub(super) const SLOT: u64 = SLOT_BYTES as u64;

const STARTING: u32 = 1;
const GROUP: u32 = 2;
const FILE: u32 = 3;

/// A part of the table that one plugin writes: the host's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    /// Where the table is opened by the process itself.
    pub path: PathBuf,
    /// Where the region begins.
    pub offset: u64,
    /// How many slots it has.
    pub slots: u64,
}

/// What the host is asked where it is not asked for a [`Region`], which is by nothing at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Whether the guardian is to end and make room: the system has no process left for a task.
    pub release: bool,
}

/// What the guardian sees to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A process that may have been started, by the inode of the pipe that is its standard output.
    Starting {
        /// The number of the inode.
        pipe: u64,
    },
    /// The processes of a group.
    Group(Group),
    /// A file.
    File(PathBuf),
}

/// A group of processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// The number of the process that leads it, or led it.
    pub leader: u32,
    /// When the leader began, in nanoseconds since the start of the system: not before this.
    pub not_before: u64,
    /// And not after this.
    pub not_after: u64,
    /// Whether descendants that have left the group are ended, too.
    pub with_strays: bool,
}

impl Record {
    /// The bytes of a slot, as far as they matter; `None` for a path that does not fit.
    #[must_use]
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let (kind, small) = match self {
            Self::Starting { .. } => (STARTING, 0),
            Self::Group(group) => (GROUP, group.leader),
            Self::File(path) => (FILE, u32::try_from(path.as_os_str().len()).ok()?),
        };
        let mut bytes = Vec::with_capacity(64);
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(small.to_ne_bytes());
        match self {
            Self::Starting { pipe } => bytes.extend(pipe.to_ne_bytes()),
            Self::Group(group) => {
                let strays = u64::from(group.with_strays);
                for number in [group.not_before, group.not_after, strays] {
                    bytes.extend(number.to_ne_bytes());
                }
            }
            Self::File(path) => bytes.extend(path.as_os_str().as_bytes()),
        }
        (bytes.len() <= SLOT_BYTES).then_some(bytes)
    }

    /// Reads a slot; `None` for one that is free, or of a kind that is not known.
    #[must_use]
    pub fn read(slot: &[u8; SLOT_BYTES]) -> Option<Self> {
        let number = |at: usize| {
            let bytes = slot[at..at + 8].try_into();
            u64::from_ne_bytes(bytes.expect("eight bytes are as many"))
        };
        let (kind, small) = (
            u32::from_ne_bytes([slot[0], slot[1], slot[2], slot[3]]),
            u32::from_ne_bytes([slot[4], slot[5], slot[6], slot[7]]),
        );
        match kind {
            STARTING => Some(Self::Starting { pipe: number(8) }),
            GROUP => Some(Self::Group(Group {
                leader: small,
                not_before: number(8),
                not_after: number(16),
                with_strays: number(24) != 0,
            })),
            FILE => {
                let path = slot[8..].get(..small as usize)?;
                Some(Self::File(OsStr::from_bytes(path).into()))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Option<Record> {
        let mut slot = [0xff; SLOT_BYTES];
        slot[..bytes.len()].copy_from_slice(bytes);
        Record::read(&slot)
    }

    #[test]
    fn what_is_written_over_anything_is_what_is_read() {
        let group = Group {
            leader: 4711,
            not_before: u64::MAX,
            not_after: 3,
            with_strays: false,
        };
        let longest = format!("/{}", "x".repeat(SLOT_BYTES - 9));
        for record in [
            Record::Starting { pipe: 1 << 40 },
            Record::Group(group),
            Record::File("/tmp/a b".into()),
            Record::File(longest.clone().into()),
        ] {
            assert_eq!(read(&record.to_bytes().unwrap()), Some(record));
        }
        assert_eq!(Record::File((longest + "x").into()).to_bytes(), None);
    }

    #[test]
    fn a_slot_that_is_free_or_not_known_or_impossible_is_passed_over() {
        for kind in [0, 4, u32::MAX] {
            assert_eq!(read(&kind.to_ne_bytes()), None);
        }
        // A path of four billion bytes.
        assert_eq!(read(&FILE.to_ne_bytes()), None);
    }
}
