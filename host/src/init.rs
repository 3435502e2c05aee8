//! The process that orphans are given to: process 1 of a container, or a child subreaper.
//!
//! What a task leaves behind becomes such a process's child, and a zombie when it ends. A host that
//! reaped whatever there is would take the ends of children from the plugins that wait for them. So the
//! host goes on in a child, and this process does nothing but reap.

#![expect(
    unsafe_code,
    reason = "std starts no process without another program, and waits for no signal"
)]

use std::ffi::c_int;
use std::io::{self, Error};
use std::mem::MaybeUninit;

use crate::exit::exit_unflushed;

/// Signals that are not passed on: those that come of what this process does itself, and those that stop
/// and continue it together with its terminal's other processes.
const OWN: [c_int; 12] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGSYS,
    libc::SIGTRAP,
    libc::SIGABRT,
    libc::SIGTSTP,
    libc::SIGTTIN,
    libc::SIGTTOU,
    libc::SIGCONT,
    libc::SIGPIPE,
];

/// Where this process is the one that orphans are given to, goes on in a child of it: this one reaps
/// whatever ends, passes signals on, and ends with the child's exit code, or with 128 and the number of
/// the signal that ended it.
///
/// Call it first of all in `main`, where there is no other thread. It does nothing where this process is
/// neither process 1 nor a child subreaper, as which orphans are none of its business, nor on systems
/// other than Linux.
///
/// # Errors
///
/// When the system refuses a process; this one goes on as it is then.
///
/// # Examples
///
/// ```no_run
/// # fn main() -> std::io::Result<()> {
/// solti_plugin_host::reap_orphans()?;
/// solti_plugin_host::prepare_signals();
/// solti_plugin_host::probe_main();
/// # Ok(())
/// # }
/// ```
pub fn reap_orphans() -> io::Result<()> {
    if !gets_orphans() {
        return Ok(());
    }
    let passed_on = passed_on();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: both are sets, of which the second is written.
    unsafe { libc::sigprocmask(libc::SIG_BLOCK, &raw const passed_on, before.as_mut_ptr()) };
    // SAFETY: this is called where there is one thread, so nothing is locked that nobody would unlock in
    // the child.
    let child = unsafe { libc::fork() };
    if child > 0 {
        reap_until_the_end_of(child, &passed_on);
    }
    let refused = Error::last_os_error();
    // SAFETY: the call above has written it.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut()) };
    if child < 0 {
        return Err(refused);
    }
    end_with_parent();
    Ok(())
}

#[cfg(target_os = "linux")]
fn gets_orphans() -> bool {
    let mut is_subreaper: c_int = 0;
    // SAFETY: it writes a number, to memory of that type.
    unsafe { libc::prctl(libc::PR_GET_CHILD_SUBREAPER, &raw mut is_subreaper) };
    is_subreaper != 0 || std::process::id() == 1
}

#[cfg(not(target_os = "linux"))]
fn gets_orphans() -> bool {
    false
}

#[cfg(target_os = "linux")]
fn end_with_parent() {
    let signal = libc::SIGKILL as libc::c_ulong;
    // SAFETY: it takes numbers. The parent has one thread, whose end is the process's.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, signal) };
}

#[cfg(not(target_os = "linux"))]
fn end_with_parent() {}

/// All signals but [`OWN`].
fn passed_on() -> libc::sigset_t {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: it initialises the set.
    unsafe { libc::sigfillset(set.as_mut_ptr()) };
    for signal in OWN {
        // SAFETY: the set is initialised.
        unsafe { libc::sigdelset(set.as_mut_ptr(), signal) };
    }
    // SAFETY: it was initialised above.
    unsafe { set.assume_init() }
}

fn reap_until_the_end_of(host: c_int, passed_on: &libc::sigset_t) -> ! {
    // What goes through them is the host's alone.
    for stream in [libc::STDIN_FILENO, libc::STDOUT_FILENO] {
        // SAFETY: nothing in this process uses it from here on.
        unsafe { libc::close(stream) };
    }
    loop {
        if let Some(status) = reap_all(host) {
            exit_unflushed(code_of(status));
        }
        let (signal, is_of_terminal) = next_signal(passed_on);
        // A terminal has told the host as well.
        if signal > 0 && signal != libc::SIGCHLD && !is_of_terminal {
            // SAFETY: it takes numbers. The host is a child that was not waited for: its number is its own.
            unsafe { libc::kill(host, signal) };
        }
    }
}

/// Reaps what has ended; how the host did, if it is among that.
fn reap_all(host: c_int) -> Option<c_int> {
    loop {
        let mut status = 0;
        // SAFETY: it takes numbers, and writes one.
        let ended = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) };
        if ended == host {
            return Some(status);
        }
        if ended <= 0 {
            return None;
        }
    }
}

/// Waits for a signal; its number, and whether a terminal has sent it.
fn next_signal(set: &libc::sigset_t) -> (c_int, bool) {
    let mut info = MaybeUninit::<libc::siginfo_t>::uninit();
    #[cfg(target_os = "linux")]
    // SAFETY: the set is initialised, and the other is memory to be written to.
    let signal = unsafe { libc::sigwaitinfo(std::ptr::from_ref(set), info.as_mut_ptr()) };
    #[cfg(not(target_os = "linux"))]
    let signal = {
        let _ = set;
        -1
    };
    if signal < 0 {
        return (signal, false);
    }
    // SAFETY: where a signal is returned it was written.
    let info = unsafe { info.assume_init_mut() };
    (signal, info.si_code == KERNEL)
}

/// The code of signals that the system sends by itself, as for a key that is pressed.
const KERNEL: c_int = 0x80;

/// The exit code that stands for an end.
fn code_of(status: c_int) -> u8 {
    let code = if libc::WIFSIGNALED(status) {
        128 | libc::WTERMSIG(status)
    } else {
        libc::WEXITSTATUS(status)
    };
    u8::try_from(code).unwrap_or(u8::MAX)
}
