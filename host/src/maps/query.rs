//! The mapping at one address, asked for by itself: Linux 6.11 and later.
//!
//! The list of mappings of a host with hundreds of plugins has thousands of lines.

#![allow(unsafe_code, reason = "the system's call takes a pointer")]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;

/// `struct procmap_query` of `linux/fs.h`.
#[repr(C)]
#[derive(Default)]
struct Query {
    size: u64,
    flags: u64,
    address: u64,
    start: u64,
    end: u64,
    rights: u64,
    page_size: u64,
    offset: u64,
    inode: u64,
    device: [u32; 2],
    name_size: u32,
    build_id_size: u32,
    name: u64,
    build_id: u64,
}

/// `PROCMAP_QUERY` of `linux/fs.h`: `_IOWR('f', 17, struct procmap_query)`.
const PROCMAP_QUERY: u32 = 0xc000_6611 | ((size_of::<Query>() as u32) << 16);

/// The inode that is mapped at an address, 0 for memory; `None` when nothing is. An error where the
/// system cannot be asked like that.
pub(super) fn inode_at(maps: &File, address: usize) -> io::Result<Option<u64>> {
    let mut query = Query {
        size: size_of::<Query>() as u64,
        address: address as u64,
        ..Query::default()
    };
    // SAFETY: the call writes to a `Query` of the size that it is told, and, as the lengths of name
    // and build id are 0, nowhere else.
    let asked = unsafe { libc::ioctl(maps.as_raw_fd(), PROCMAP_QUERY as _, &raw mut query) };
    if asked == 0 {
        return Ok(Some(query.inode));
    }
    match io::Error::last_os_error() {
        err if err.raw_os_error() == Some(libc::ENOENT) => Ok(None),
        err => Err(err),
    }
}
