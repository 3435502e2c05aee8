//! The limit on open files that children have: the one that the host was given, not the one that it has
//! raised for itself.

use rustix::process::Pid;
#[cfg(target_os = "linux")]
use rustix::process::{Resource, Rlimit, getrlimit, prlimit};

#[cfg(target_os = "linux")]
use crate::host::{Host, host};

/// Gives a child the limit that the host was given. Many programs take the limit for the number of
/// descriptors they may well have, and close that many, or use a set with room for 1,024 of them.
///
/// It has begun by then: `posix_spawn` has no way to set a limit, and the loading of a program takes
/// longer than this.
#[cfg(target_os = "linux")]
pub(super) fn give_back(child: Pid) {
    let Some(given) = host().and_then(Host::open_files) else {
        return;
    };
    let limit = Rlimit {
        current: Some(given),
        maximum: getrlimit(Resource::Nofile).maximum,
    };
    // A child that runs as another user by now keeps what it has.
    let _ = prlimit(Some(child), Resource::Nofile, limit);
}

/// There is no way to on this system.
#[cfg(not(target_os = "linux"))]
pub(super) fn give_back(_child: Pid) {}
