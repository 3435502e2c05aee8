//! The table of what ends with the host: memory that host, plugins and guardian share.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::FileExt as _;

use solti_plugin_abi::guardian::{Record, Region, SLOT_BYTES};

/// How many slots a plugin is given at a time: as many as it runs processes at a time, mostly.
const SLOTS: u64 = 128;

/// The table, as the host has it.
#[derive(Debug)]
pub(super) struct Table {
    file: File,
    regions: u64,
}

impl Table {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            file: memory()?,
            regions: 0,
        })
    }

    /// It, for another process.
    pub(super) fn try_clone(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// A part of it that nobody has yet.
    pub(super) fn claim(&mut self) -> Region {
        let size = SLOTS * SLOT_BYTES as u64;
        let offset = self.regions * size;
        self.regions += 1;
        Region {
            path: format!("/proc/self/fd/{}", self.file.as_raw_fd()).into(),
            offset,
            slots: SLOTS,
        }
    }
}

/// A file in memory.
#[cfg(target_os = "linux")]
fn memory() -> io::Result<File> {
    use rustix::fs::{MemfdFlags, memfd_create};
    let flags = MemfdFlags::CLOEXEC;
    // Kernels before 6.3 do not know the flag; where the system is told to allow no executable files in
    // memory, it wants to hear that this is none.
    let file = memfd_create("solti:guardian", flags | MemfdFlags::NOEXEC_SEAL)
        .or_else(|_| memfd_create("solti:guardian", flags))?;
    Ok(file.into())
}

#[cfg(not(target_os = "linux"))]
fn memory() -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

/// All that stands in a table.
pub(super) fn read(table: &File) -> Vec<Record> {
    let mut records = Vec::new();
    let mut slot = [0; SLOT_BYTES];
    let mut offset = 0;
    loop {
        let read = read_slot(table, &mut slot, offset);
        if read == 0 {
            return records;
        }
        // The last one ends with what was written of it.
        slot[read..].fill(0);
        records.extend(Record::read(&slot));
        offset += SLOT_BYTES as u64;
    }
}

/// Reads a slot as far as there is something; 0 behind the end, and where nothing can be read.
fn read_slot(table: &File, slot: &mut [u8; SLOT_BYTES], offset: u64) -> usize {
    let mut read = 0;
    while read < SLOT_BYTES {
        match table.read_at(&mut slot[read..], offset + read as u64) {
            Ok(0) | Err(_) => break,
            Ok(more) => read += more,
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_to_its_end_over_what_was_never_written() {
        let mut table = Table::new().unwrap();
        assert_eq!(read(&table.file), []);
        let (first, second) = (table.claim(), table.claim());
        assert_eq!(second.offset, first.slots * SLOT_BYTES as u64);
        // A process about to be started, by the pipe 7; nothing is written behind it.
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&1_u32.to_ne_bytes());
        bytes[8..].copy_from_slice(&7_u64.to_ne_bytes());
        let opened = File::options().write(true).open(&first.path).unwrap();
        let offset = second.offset + 3 * SLOT_BYTES as u64;
        opened.write_all_at(&bytes, offset).unwrap();
        assert_eq!(read(&table.file), [Record::Starting { pipe: 7 }]);
    }
}
