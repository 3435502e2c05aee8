//! Last words where a signal ends this program.
//!
//! Everything that runs in the handler is async-signal-safe: it reads atomics and memory that was written
//! before, asks the system, and writes.

mod interrupted;
mod line;

use std::cell::UnsafeCell;
use std::ffi::{c_int, c_void};
use std::io::{self, Error};
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use interrupted::Interrupted;
use line::Line;

use crate::images;

/// The signals that come of what code does, and by default end a program.
const FATAL: [(c_int, &str); 6] = [
    (libc::SIGSEGV, "SIGSEGV"),
    (libc::SIGBUS, "SIGBUS"),
    (libc::SIGILL, "SIGILL"),
    (libc::SIGFPE, "SIGFPE"),
    (libc::SIGABRT, "SIGABRT"),
    (libc::SIGSYS, "SIGSYS"),
];

/// Seconds that a thread waits while another says its last words.
const MEANWHILE: u32 = 1;

/// What became of these signals before.
static BEFORE: Before = Before(UnsafeCell::new(
    [const { MaybeUninit::uninit() }; FATAL.len()],
));

struct Before(UnsafeCell<[MaybeUninit<libc::sigaction>; FATAL.len()]>);

// SAFETY: it is written once, before the handler is there that reads it.
unsafe impl Sync for Before {}

/// How many of them have been written.
static WRITTEN: AtomicUsize = AtomicUsize::new(0);

/// Whether a thread says its last words.
static SAYS: AtomicBool = AtomicBool::new(false);

/// Has this program say on standard error which signal ends it, and which plugin's code was running, where
/// code does what ends a program: a fault, a stack that overflows, `abort`. A limit on the address space
/// (`ulimit -v`) that may be behind it is named too.
///
/// The program ends as it would without this, by the same signal; a handler that was there before has its
/// turn after. To be called once, before plugins are loaded: those that handle such signals themselves, as
/// runtimes of WebAssembly do, come first then, and leave to this what is not theirs. A plugin is known by
/// addresses on the stack, on Linux with glibc. Threads that a plugin starts by itself have no stack for
/// signals, so that nothing can be said where theirs overflows; those that the SDK starts have one.
///
/// # Errors
///
/// When the system refuses a handler.
pub fn tell_of_fatal_signals() -> io::Result<()> {
    static ONCE: AtomicBool = AtomicBool::new(false);
    if ONCE.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    for (at, (signal, _)) in FATAL.into_iter().enumerate() {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: all zeros are an action: the default one, without flags.
        let action = unsafe { action.assume_init_mut() };
        action.sa_sigaction = handle as *const () as libc::sighandler_t;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        // SAFETY: nobody reads this place before `WRITTEN` says that it is written, and it is written once.
        let before = unsafe { (*BEFORE.0.get())[at].as_mut_ptr() };
        // SAFETY: the action is one, and the other is memory for one. The handler is async-signal-safe.
        if unsafe { libc::sigaction(signal, &raw const *action, before) } != 0 {
            return Err(Error::last_os_error());
        }
        WRITTEN.store(at + 1, Ordering::Release);
    }
    Ok(())
}

extern "C" fn handle(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    if SAYS.swap(true, Ordering::Relaxed) {
        // SAFETY: it takes a number.
        unsafe { libc::sleep(MEANWHILE) };
    } else {
        // SAFETY: the system gives a handler both, for as long as it runs.
        let interrupted = unsafe { Interrupted::of(info, context) };
        say(signal, &interrupted);
    }
    restore();
    // SAFETY: the system gives a handler this, for as long as it runs.
    let is_fault = unsafe { (*info).si_code } > 0 && signal != libc::SIGSYS;
    if !is_fault {
        if [libc::SIGSEGV, libc::SIGBUS].contains(&signal) {
            // The standard library's handler would wait for the fault to come again.
            // SAFETY: the default is what every program begins with.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
        // Blocked until this returns.
        // SAFETY: it takes a number.
        unsafe { libc::raise(signal) };
    }
    // What the code did it does again, and this time what was there before decides.
}

/// Has these signals do what they did before.
fn restore() {
    let written = WRITTEN.load(Ordering::Acquire);
    for (at, (signal, _)) in FATAL.into_iter().enumerate().take(written) {
        // SAFETY: what is written is not changed any more.
        let before = unsafe { (*BEFORE.0.get())[at].as_ptr() };
        // SAFETY: it is an action that the system has given.
        unsafe { libc::sigaction(signal, before, std::ptr::null_mut()) };
    }
}

fn say(signal: c_int, interrupted: &Interrupted) {
    let mut line = Line::new();
    line.text("error: ");
    let plugin = match interrupted.sender {
        Some(_) => None,
        None => images::on_stack_at(interrupted.code, interrupted.stack),
    };
    match plugin {
        Some(file) => line.text(file).text(" has ended this program: "),
        None => line.text("this program ends: "),
    };
    let name = FATAL.iter().find(|(number, _)| *number == signal);
    line.text("signal ").number(signal.unsigned_abs().into());
    line.text(" (")
        .text(name.map_or("", |(_, name)| name))
        .text(")");
    match (interrupted.sender, plugin) {
        (Some(sender), _) => {
            line.text(" of process ").number(sender.into());
        }
        (None, Some(_)) if interrupted.has_overflowed(signal) => {
            line.text(", as the stack of a thread has overflowed that ran its code");
        }
        (None, Some(_)) => {
            line.text(" in a thread that ran its code");
        }
        (None, None) => {}
    }
    if interrupted.sender.is_none() {
        name_limit(&mut line, signal);
    }
    line.write();
}

/// Names the limit on the address space, where it may be behind the signal: who gets no memory aborts, or
/// uses what it has not got.
fn name_limit(line: &mut Line, signal: c_int) {
    const MIB: u64 = 1 << 20;
    let Some(limit) = line::address_space_limit() else {
        return;
    };
    let used = line::address_space_used();
    if signal == libc::SIGABRT || used > limit / 4 * 3 {
        line.text("; of the ").number(limit / MIB);
        line.text(" MiB of address space that it may use (ulimit -v) it uses ");
        line.number(used / MIB);
    }
}
