//! What a program that loads plugins tells the system of signals, before it has a thread.

#![expect(unsafe_code, reason = "std has no way to say what becomes of a signal")]

use std::ffi::c_int;
use std::mem::MaybeUninit;

/// The signals that come of a limit on this process, and that would end it without a word.
const LIMITS: [(c_int, extern "C" fn(c_int)); 2] =
    [(libc::SIGXFSZ, go_on), (libc::SIGXCPU, say_and_end)];

/// What is said where the processor time of this process is over.
const OUT_OF_TIME: &[u8] =
    b"error: the limit on the processor time of this process (ulimit -t) is \
                             reached\n";

/// Has signals be what a program that starts children and writes files needs, however its parent left
/// them: call it first of all in `main`, where there is no other thread.
///
/// - No signal is blocked, and none is ignored but SIGPIPE, as everywhere in Rust, and SIGHUP where it
///   was ignored, as `nohup` does it. A program that ignored SIGCHLD would never learn how a child
///   ended, and children would inherit what is ignored.
/// - A write that the limit on the size of files forbids fails (`EFBIG`) instead of ending the process.
/// - The limit on processor time is named on standard error before it ends the process.
///
/// # Examples
///
/// ```no_run
/// solti_plugin_host::prepare_signals();
/// solti_plugin_host::probe_main();
/// ```
pub fn prepare_signals() {
    for signal in 1..=libc::SIGSYS {
        let is_kept = [libc::SIGKILL, libc::SIGSTOP, libc::SIGPIPE, libc::SIGHUP].contains(&signal);
        if !is_kept && is_ignored(signal) {
            // SAFETY: the default is what every program begins with.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
    }
    for (signal, handler) in LIMITS {
        // SAFETY: both handlers call only what may be called in one.
        unsafe { libc::signal(signal, handler as *const () as libc::sighandler_t) };
    }
    unblock_all();
}

fn is_ignored(signal: c_int) -> bool {
    let mut found = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: without a new action it only writes the present one, to memory that is large enough.
    let result = unsafe { libc::sigaction(signal, std::ptr::null(), found.as_mut_ptr()) };
    // SAFETY: where the call has succeeded, it was written.
    result == 0 && unsafe { found.assume_init() }.sa_sigaction == libc::SIG_IGN
}

fn unblock_all() {
    let mut none = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: it writes an empty set to memory that is large enough.
    unsafe { libc::sigemptyset(none.as_mut_ptr()) };
    // SAFETY: the set was written just now; the old one is not asked for.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut()) };
}

/// Lets the call that was too much fail. Not by ignoring the signal: children would inherit that.
extern "C" fn go_on(_: c_int) {}

extern "C" fn say_and_end(signal: c_int) {
    // SAFETY: the pointer and the length are those of one static text.
    unsafe {
        libc::write(
            libc::STDERR_FILENO,
            OUT_OF_TIME.as_ptr().cast(),
            OUT_OF_TIME.len(),
        )
    };
    // SAFETY: it takes two numbers.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
    // SAFETY: it takes a number; the signal comes when this handler has returned.
    unsafe { libc::raise(signal) };
}
