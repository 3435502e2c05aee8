//! The descriptors of this process: its own, kept out of the way of code that runs in it, and whether
//! that code left all of them alone.

use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};

use rustix::fs::fstat;
use rustix::io::fcntl_dupfd_cloexec;

/// The probe's own are moved beyond the descriptors that a program usually has, where there may be so
/// many, and otherwise beyond the standard streams.
const FIRST_OF_PROBE: i32 = 200;
const FIRST_OF_ALL: i32 = 3;

/// A copy of a descriptor that is out of the way.
///
/// It must not be closed once code of the plugin has run, which may have closed it: what is closed
/// twice ends the process before its exit code.
pub(super) fn aside(fd: impl AsFd) -> io::Result<OwnedFd> {
    let copy = fcntl_dupfd_cloexec(&fd, FIRST_OF_PROBE)
        .or_else(|_| fcntl_dupfd_cloexec(&fd, FIRST_OF_ALL))?;
    Ok(copy)
}

/// How many descriptors stand for those that a host would have: its sockets, files and pipes.
const STAND_INS: usize = 16;

/// Descriptors and the files they were.
pub(super) struct Descriptors {
    standard: [Option<Identity>; 3],
    /// Never closed: whether they are still open is not known, and the process ends soon.
    stand_ins: ManuallyDrop<Vec<(OwnedFd, Option<Identity>)>>,
}

/// Device and inode, whose types differ between systems.
type Identity = (rustix::fs::Dev, u64);

impl Descriptors {
    /// Notes what the standard ones are, and opens stand-ins at the lowest free numbers.
    pub(super) fn note() -> Self {
        let stand_ins = (0..STAND_INS)
            .map_while(|_| fcntl_dupfd_cloexec(io::stdin(), FIRST_OF_ALL).ok())
            .map(|fd| {
                let identity = identity(&fd);
                (fd, identity)
            });
        Self {
            standard: standard(),
            stand_ins: ManuallyDrop::new(stand_ins.collect()),
        }
    }

    /// The numbers of those that were closed or are another file now.
    pub(super) fn changed(&self) -> Vec<i32> {
        let standard = (0..).zip(self.standard.iter().zip(standard()));
        let stand_ins = self
            .stand_ins
            .iter()
            .filter(|(fd, before)| identity(fd) != *before);
        standard
            .filter(|(_, (before, now))| *before != now)
            .map(|(number, _)| number)
            .chain(stand_ins.map(|(fd, _)| fd.as_raw_fd()))
            .collect()
    }
}

fn standard() -> [Option<Identity>; 3] {
    [
        identity(io::stdin()),
        identity(io::stdout()),
        identity(io::stderr()),
    ]
}

/// `None` when it is not open.
fn identity(fd: impl AsFd) -> Option<Identity> {
    let stat = fstat(fd).ok()?;
    Some((stat.st_dev, stat.st_ino))
}
