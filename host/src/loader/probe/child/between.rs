//! A process between the host and what loads the plugin.
//!
//! A constructor that stops, signals or reads its parent would do that to the host: so its parent is a
//! process that has nothing, and ends as the one below it does.

#![expect(unsafe_code, reason = "std starts no process without another program")]

use std::ffi::c_int;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::limits;
use crate::exit::exit_now;

/// Goes on in a child of this process; this one waits for that, and ends as it does. Where the system
/// refuses a process, it goes on in this one.
///
/// Called where there is one thread.
pub(super) fn step_aside() {
    // SAFETY: there is one thread, so nothing is locked that nobody would unlock in the child.
    let child = unsafe { libc::fork() };
    match child {
        0 => limits::end_with_parent(),
        -1 => {}
        child => end_as(child),
    }
}

fn end_as(child: c_int) -> ! {
    close_streams();
    let mut status = 0;
    loop {
        // SAFETY: it takes numbers, and writes one.
        let ended = unsafe { libc::waitpid(child, &raw mut status, 0) };
        if ended == child {
            break;
        }
        if std::io::Error::last_os_error().raw_os_error() != Some(libc::EINTR) {
            exit_now(u8::MAX);
        }
    }
    if libc::WIFSIGNALED(status) {
        end_by(libc::WTERMSIG(status));
    }
    exit_now(u8::try_from(libc::WEXITSTATUS(status)).unwrap_or(u8::MAX))
}

/// What comes through them is the child's alone.
fn close_streams() {
    for stream in [libc::STDIN_FILENO, libc::STDOUT_FILENO] {
        // SAFETY: nothing in this process uses it from here on.
        unsafe { libc::close(stream) };
    }
}

/// Ends this process by a signal, as its child was.
fn end_by(signal: c_int) -> ! {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // A second core would be of nothing.
    let _ = setrlimit(Resource::Core, none);
    // SAFETY: it takes two numbers.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
    // SAFETY: it takes a number.
    unsafe { libc::raise(signal) };
    // A signal that ends no process: it cannot have been the end of the child.
    exit_now(u8::MAX)
}
