//! What a plugin may do to other processes while it is probed: nothing.
//!
//! Without it, a constructor can send signals to every process of the host's user, the host among them,
//! and read their environment and memory. The system takes that away from a process that asks for it
//! (Landlock, Linux 6.12 and later), and what the administrator may do all the same is given up.

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

/// Signals go to processes within alone. To trace another process, or to read it, is then forbidden
/// as well.
const SIGNALS: u64 = 1 << 1;

/// The first version that has it.
const VERSION_WITH_SIGNALS: c_long = 6;

/// Asks for the version instead of making a set.
const ASK_VERSION: c_int = 1;

/// The administrator's rights to trace any process, to do what has no right of its own, and to measure:
/// with each of them the environment of any process can be read.
const READING: [u32; 3] = [19, 21, 38];

/// The version of the calls for rights that has two words for each set.
const RIGHTS_VERSION: u32 = 0x2008_0522;

/// Whose rights are meant: those of this thread.
#[repr(C)]
struct Whose {
    version: u32,
    thread: c_int,
}

/// A half of the rights.
#[repr(C)]
#[derive(Default, Clone, Copy)]
struct Rights {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Takes from this process, and all that it starts, what it could do to others, as far as the system
/// has a way.
pub(super) fn enter() {
    keep_signals_in();
    // The last: to ask for the former may take one of them.
    give_up_reading();
}

/// A process that has rights which this one has not is not read without them.
fn give_up_reading() {
    for right in READING {
        // Programs that are started from here must not get it back.
        // SAFETY: it takes numbers.
        unsafe { libc::prctl(libc::PR_CAPBSET_DROP, right, 0, 0, 0) };
    }
    let whose = Whose {
        version: RIGHTS_VERSION,
        thread: 0,
    };
    let mut rights = [Rights::default(); 2];
    // SAFETY: the call reads the first and writes two halves to the second.
    let known = unsafe { libc::syscall(libc::SYS_capget, &raw const whose, rights.as_mut_ptr()) };
    if known != 0 {
        return;
    }
    for right in READING {
        let half = &mut rights[right as usize / 32];
        for set in [
            &mut half.effective,
            &mut half.permitted,
            &mut half.inheritable,
        ] {
            *set &= !(1 << (right % 32));
        }
    }
    // SAFETY: the call reads both.
    unsafe { libc::syscall(libc::SYS_capset, &raw const whose, rights.as_ptr()) };
}

fn keep_signals_in() {
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
