//! Whose code a thread runs, by what is on its stack.

#![allow(
    unsafe_code,
    reason = "only the system knows the addresses on a stack, and what of it can be read"
)]

use super::table::{at, being_opened};

/// Frames of a stack that are looked at, the innermost first.
const FRAMES: usize = 64;

/// Bytes of a stack that are looked at where frames cannot be.
const DEPTH: usize = 256 << 10;

/// Bytes that are read at once.
const STEP: usize = 1024;

/// The file of the plugin whose code this thread runs, or has called what it runs; `None` when there is
/// none.
pub(crate) fn on_this_stack() -> Option<&'static str> {
    being_opened().or_else(|| frames().into_iter().find_map(at))
}

/// As [`on_this_stack`], for a signal handler: of the code at `address` that was interrupted, and of what
/// lies on its stack from `stack` on. An address of code there is mostly that of a caller.
pub(crate) fn on_stack_at(address: usize, stack: usize) -> Option<&'static str> {
    const WORDS: usize = STEP / size_of::<usize>();
    being_opened().or_else(|| at(address)).or_else(|| {
        let aligned = stack & !(size_of::<usize>() - 1);
        let mut words = [0_usize; WORDS];
        (0..DEPTH / STEP).find_map(|step| {
            let from = aligned.checked_add(step * STEP)?;
            let read = read(from, &mut words);
            words[..read].iter().copied().find_map(at)
        })
    })
}

/// Reads memory of this process that may not be there; how many words there were.
#[cfg(target_os = "linux")]
fn read(from: usize, words: &mut [usize]) -> usize {
    let to = libc::iovec {
        iov_base: words.as_mut_ptr().cast(),
        iov_len: size_of_val(words),
    };
    let from = libc::iovec {
        iov_base: std::ptr::without_provenance_mut(from),
        iov_len: to.iov_len,
    };
    // SAFETY: it takes no argument.
    let own = unsafe { libc::getpid() };
    // SAFETY: the system writes no more than there is room for, and reads what it can.
    let read = unsafe { libc::process_vm_readv(own, &raw const to, 1, &raw const from, 1, 0) };
    usize::try_from(read).unwrap_or(0) / size_of::<usize>()
}

#[cfg(not(target_os = "linux"))]
fn read(_from: usize, _words: &mut [usize]) -> usize {
    0
}

/// The addresses of the callers on this thread's stack.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn frames() -> Vec<usize> {
    let mut frames = [std::ptr::null_mut(); FRAMES];
    // SAFETY: it writes as many addresses as there is room for, which both arguments say.
    let count = unsafe { libc::backtrace(frames.as_mut_ptr(), FRAMES as libc::c_int) };
    let count = usize::try_from(count).unwrap_or(0);
    frames[..count].iter().map(|frame| frame.addr()).collect()
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn frames() -> Vec<usize> {
    let _ = FRAMES;
    Vec::new()
}
