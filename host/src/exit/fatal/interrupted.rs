//! What a thread did when a signal came.

use std::ffi::{c_int, c_void};

/// How far from the end of the stack an access is that overflows it.
const NEAR: usize = 64 << 10;

/// What a thread did when a signal came.
pub(super) struct Interrupted {
    /// The address of its code; 0 where that is not known.
    pub(super) code: usize,
    /// The end of its stack.
    pub(super) stack: usize,
    /// What it accessed.
    accessed: usize,
    /// The number of the process that has sent the signal, where that is another.
    pub(super) sender: Option<u32>,
}

impl Interrupted {
    /// # Safety
    ///
    /// Both pointers are those that a signal handler was given.
    pub(super) unsafe fn of(info: *mut libc::siginfo_t, context: *mut c_void) -> Self {
        // SAFETY: the caller promises it.
        let info = unsafe { &*info };
        // SAFETY: the caller promises it.
        let (code, stack) = unsafe { registers(context) };
        // SAFETY: where no address was accessed these are other bytes of the same memory.
        let accessed = unsafe { info.si_addr() }.addr();
        Self {
            code,
            stack,
            accessed,
            sender: sender(info),
        }
    }

    /// Whether it accessed what is behind the end of its stack.
    pub(super) fn has_overflowed(&self, signal: c_int) -> bool {
        [libc::SIGSEGV, libc::SIGBUS].contains(&signal)
            && self.sender.is_none()
            && self.stack.abs_diff(self.accessed) < NEAR
    }
}

fn sender(info: &libc::siginfo_t) -> Option<u32> {
    // Of faults, and of `abort`, it is this one.
    if ![SI_USER, SI_QUEUE].contains(&info.si_code) {
        return None;
    }
    // SAFETY: such signals have a sender.
    let sender = unsafe { info.si_pid() };
    Some(sender.unsigned_abs()).filter(|sender| *sender != std::process::id())
}

/// As `kill` sends them, and `sigqueue`.
const SI_USER: c_int = 0;
const SI_QUEUE: c_int = -1;

/// The address of the code that was interrupted, and the end of its stack.
///
/// # Safety
///
/// The pointer is that which a signal handler was given.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
unsafe fn registers(context: *mut c_void) -> (usize, usize) {
    // SAFETY: on this system it is of this type.
    let context = unsafe { &*context.cast::<libc::ucontext_t>() };
    let register = |number: c_int| context.uc_mcontext.gregs[number as usize] as usize;
    (register(libc::REG_RIP), register(libc::REG_RSP))
}

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
unsafe fn registers(context: *mut c_void) -> (usize, usize) {
    // SAFETY: on this system it is of this type.
    let context = unsafe { &*context.cast::<libc::ucontext_t>() };
    let registers = &context.uc_mcontext;
    (registers.pc as usize, registers.sp as usize)
}

#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
unsafe fn registers(_context: *mut c_void) -> (usize, usize) {
    (0, 0)
}
