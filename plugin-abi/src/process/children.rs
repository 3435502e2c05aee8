//! What this process has told the system of its children.

#![expect(unsafe_code, reason = "std has no way to ask what becomes of a signal")]

use std::mem::MaybeUninit;

/// Has the system keep the ends of children until they are asked for. A process that ignores SIGCHLD,
/// because it was started so or because some library says so, would never learn of one.
///
/// A handler stays what it is.
pub(super) fn keep_their_ends() {
    let mut found = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: without a new action it only writes the present one, to memory that is large enough.
    let result = unsafe { libc::sigaction(libc::SIGCHLD, std::ptr::null(), found.as_mut_ptr()) };
    if result != 0 {
        return;
    }
    // SAFETY: the call has succeeded, so it was written.
    let mut action = unsafe { found.assume_init() };
    let ignored = action.sa_sigaction == libc::SIG_IGN;
    if !ignored && action.sa_flags & libc::SA_NOCLDWAIT == 0 {
        return;
    }
    if ignored {
        action.sa_sigaction = libc::SIG_DFL;
    }
    action.sa_flags &= !libc::SA_NOCLDWAIT;
    // SAFETY: the action is the one that was in force, with the default in place of ignoring.
    unsafe { libc::sigaction(libc::SIGCHLD, &raw const action, std::ptr::null_mut()) };
}
