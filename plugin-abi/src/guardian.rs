//! What ends with the host, however that ends: process groups, and temporary files.
//!
//! A host that is killed can end nothing any more. So it has a guardian, another process, that does
//! it then: it reads a table in memory that host and plugins share. Here is a plugin's side: who
//! starts a process takes a slot of the table and writes into it whose group it is. That is two small
//! writes into memory, and nothing is sent to anybody.
//!
//! The host answers the method [`GUARDIAN`](crate::v1::call::GUARDIAN) with a [`Region`] of the table.
//! The first question starts the guardian, so a host that starts no process has none. Where there is
//! none, as in a host of an earlier version, nothing here does anything.

mod record;
mod slots;

use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::fstat;

pub use record::{Group, Record, Region, Request, SLOT_BYTES};
use slots::Slot;

/// Something that the guardian sees to when the host is gone. Dropping it takes it out of the table.
#[derive(Debug)]
pub struct Guarded {
    slot: Slot,
    record: Record,
}

/// Has a file removed when the host is gone; it need not be there yet.
///
/// `None` where the host has no guardian: then nobody removes it.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let path = std::env::temp_dir().join(format!("scratch-{}", std::process::id()));
/// let guarded = solti_plugin_abi::guardian::file(&path);
/// std::fs::write(&path, "half a result")?;
/// // After its last use, and in this order: what is not in the table is removed by nobody.
/// std::fs::remove_file(&path)?;
/// drop(guarded);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn file(path: &Path) -> Option<Guarded> {
    let path = std::path::absolute(path).ok()?;
    let slot = slots::take()?;
    Guarded::write(slot, Record::File(path))
}

/// Has the guardian make room where the system has no process left for a task. It comes back later.
pub(crate) fn make_room(err: &io::Error) {
    if err.kind() == io::ErrorKind::WouldBlock {
        slots::release();
    }
}

/// A slot for a process that is about to be started.
#[derive(Debug)]
pub(crate) struct Starting {
    slot: Slot,
    not_before: u64,
}

/// Takes a slot for a process that is about to be started with this as its standard output, where that
/// is a pipe made for it. By that pipe it is found when the host is gone before it could say which
/// process it is.
pub(crate) fn starting(stdout: Option<impl AsFd>) -> Option<Starting> {
    let slot = slots::take()?;
    if let Some(pipe) = stdout.and_then(|stdout| fstat(stdout).ok()) {
        slot.write(&Record::Starting { pipe: pipe.st_ino })?;
    }
    let not_before = since_start();
    Some(Starting { slot, not_before })
}

impl Starting {
    /// It was started, as the leader of a group.
    pub(crate) fn started(self, leader: u32) -> Option<Guarded> {
        let group = Group {
            leader,
            not_before: self.not_before,
            not_after: since_start(),
            with_strays: false,
        };
        Guarded::write(self.slot, Record::Group(group))
    }
}

impl Guarded {
    /// Has descendants that have left the group ended, too.
    pub(crate) fn include_strays(&mut self) {
        if let Record::Group(group) = &mut self.record {
            group.with_strays = true;
            self.slot.write(&self.record);
        }
    }

    fn write(slot: Slot, record: Record) -> Option<Self> {
        slot.write(&record)?;
        Some(Self { slot, record })
    }
}

/// The time since the system was started, in nanoseconds, as it counts for the beginning of processes.
#[doc(hidden)]
#[must_use]
pub fn since_start() -> u64 {
    #[cfg(target_os = "linux")]
    {
        use rustix::time::{ClockId, clock_gettime};
        let now = clock_gettime(ClockId::Boottime);
        now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
    }
    #[cfg(not(target_os = "linux"))]
    0
}
