//! Signals that end this program even when nothing else in it goes on.

use std::io;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use libc::{SIGALRM, c_int};

/// What a program gets after the second signal to end by itself.
const SECONDS: u32 = 2;

/// How many have come.
static COME: AtomicU32 = AtomicU32::new(0);

/// The number of the second.
static SECOND: AtomicI32 = AtomicI32::new(0);

/// Ends this program at the second of these signals, with 128 and its number, whatever else it does: two
/// seconds after it has come, and at once when another comes.
///
/// For a program that ends in order at the first, and faster at the second: its runtime may have no
/// threads or descriptors left to hear of either. It needs neither, but `alarm` and `SIGALRM`, which the
/// program must not use for something else. What else is registered for these signals goes on being told.
///
/// # Errors
///
/// When the system refuses a handler.
pub fn exit_at_second_signal(signals: &[i32]) -> io::Result<()> {
    // SAFETY: what it does is async-signal-safe: it reads an atomic and ends the process.
    unsafe { signal_hook_registry::register(SIGALRM, || end(SECOND.load(Ordering::Relaxed))) }?;
    for signal in signals.iter().copied() {
        // SAFETY: what it does is async-signal-safe: see `has_come`.
        unsafe { signal_hook_registry::register(signal, move || has_come(signal)) }?;
    }
    Ok(())
}

/// Another signal has come. Runs in a signal handler: touches atomics, sets the clock or ends the process.
fn has_come(signal: c_int) {
    match COME.fetch_add(1, Ordering::Relaxed) {
        0 => {}
        1 => {
            SECOND.store(signal, Ordering::Relaxed);
            // SAFETY: it takes a number, and may be called in a signal handler.
            unsafe { libc::alarm(SECONDS) };
        }
        _ => end(signal),
    }
}

fn end(signal: c_int) {
    // SAFETY: it takes a number, ends the process and touches no memory of it.
    unsafe { libc::_exit(128 | signal) }
}
