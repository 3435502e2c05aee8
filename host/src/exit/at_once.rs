//! Ending this program at once.

use std::io::{self, Write as _, stderr, stdout};
use std::thread;
use std::time::Duration;

use crate::guardian::running;

/// Ends this program with an exit code, without running what libraries have registered for its end.
///
/// Plugins are never closed, so their destructors would run when `main` returns, beside threads of
/// theirs that still run: one that crashes turns a success into a signal. A program that has loaded
/// plugins ends with this instead.
///
/// Standard output and standard error are flushed, which blocks for as long as whoever reads them
/// does; whatever else the program buffers it must have written by now.
pub fn exit_now(code: u8) -> ! {
    // Nothing more can be done for a stream that takes no more.
    let _ = stdout().flush();
    let _ = stderr().flush();
    running::dismiss();
    exit_unflushed(code)
}

/// As [`exit_now`], where nothing may block any more: what is buffered is lost.
pub fn exit_unflushed(code: u8) -> ! {
    // SAFETY: it takes a number, ends the process and touches no memory of it.
    unsafe { libc::_exit(code.into()) }
}

/// Ends this program after `limit`, as [`exit_unflushed`] does, whatever it does by then. Returns at once.
///
/// # Errors
///
/// When the system has no thread for it.
pub fn exit_within(limit: Duration, code: u8) -> io::Result<()> {
    thread::Builder::new().spawn(move || {
        thread::sleep(limit);
        exit_unflushed(code)
    })?;
    Ok(())
}
