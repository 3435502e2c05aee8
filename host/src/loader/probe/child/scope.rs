//! What a plugin may do to other processes while it is probed: nothing.
//!
//! Without it, a constructor can send signals to every process of the host's user, the host among them,
//! and read their environment and memory. The system takes that away from a process that asks for it
//! (Landlock, Linux 6.12 and later); elsewhere a process stands between, which is all that is done.

#![expect(unsafe_code, reason = "neither std nor rustix has these calls")]

use std::ffi::{c_int, c_long};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};

/// A set of rules, of which only the last is used.
#[repr(C)]
#[derive(Default)]
struct Rules {
    files: u64,
    network: u64,
    scoped: u64,
}

/// Signals go to processes within alone. To read another process, or to trace it, is then forbidden
/// as well.
const SIGNALS: u64 = 1 << 1;

/// The first version that has it.
const VERSION_WITH_SIGNALS: c_long = 6;

/// Asks for the version instead of making a set.
const ASK_VERSION: c_int = 1;

/// Takes from this process, and all that it starts, what it could do to others. Does nothing on a
/// system that has no such thing.
pub(super) fn enter() {
    // SAFETY: it takes nothing but the flag, and answers a number.
    let version = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            std::ptr::null::<Rules>(),
            0_usize,
            ASK_VERSION,
        )
    };
    if version < VERSION_WITH_SIGNALS {
        return;
    }
    let rules = Rules {
        scoped: SIGNALS,
        ..Rules::default()
    };
    // SAFETY: the pointer and the size are those of one value, which the call only reads.
    let made = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            &raw const rules,
            size_of::<Rules>(),
            0,
        )
    };
    let Ok(made @ 0..) = c_int::try_from(made) else {
        return;
    };
    // SAFETY: the call has just given it out, and nobody else has it.
    let set = unsafe { OwnedFd::from_raw_fd(made) };
    if restrict(&set) {
        return;
    }
    // Only the system's administrator may do that while programs with rights of their own could be
    // started from here.
    // SAFETY: it takes numbers.
    unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    restrict(&set);
}

fn restrict(set: &OwnedFd) -> bool {
    // SAFETY: it takes a descriptor that is open, and a number.
    unsafe { libc::syscall(libc::SYS_landlock_restrict_self, set.as_raw_fd(), 0) == 0 }
}
