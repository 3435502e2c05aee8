//! The program in the role of a guardian: it lets go of all that is the host's, and watches.

#![expect(
    unsafe_code,
    reason = "std has no way to say what becomes of a signal, nor to close a descriptor by its number"
)]

use std::ffi::c_int;
use std::fs::{self, File};
use std::os::fd::AsFd as _;

use rustix::process::{Pid, setpgid, setsid};
use solti_plugin_abi::process::Stat;

use super::wire::NAME;
use super::{sweep, watch};
use crate::exit::exit_unflushed;

/// What a terminal sends, and what a system sends that is about to end everything: a guardian ends after
/// its host.
const IGNORED: [c_int; 8] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGPIPE,
    libc::SIGTSTP,
    libc::SIGTTIN,
    libc::SIGTTOU,
];

/// Watches the host, sees to what it leaves behind, and ends the process.
///
/// Standard input is a pipe that the host holds, standard output the table.
pub(crate) fn run() -> ! {
    for signal in IGNORED {
        // SAFETY: it takes two numbers.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    let host = std::env::args().nth(2);
    let host = host.and_then(|host| Pid::from_raw(host.parse().ok()?));
    let stat = host.and_then(|host| Stat::of(host.as_raw_nonzero().get().cast_unsigned()));
    take_a_session(stat);
    // None of it can fail in a way that would matter.
    let _ = std::env::set_current_dir("/");
    let _ = fs::write("/proc/self/comm", NAME);
    close_others();
    if let Ok(table) = rustix::stdio::stdout().as_fd().try_clone_to_owned() {
        let table = File::from(table);
        if watch::until_gone(host, &table) {
            sweep::sweep(&table, stat.map(|host| host.session));
        }
    }
    exit_unflushed(0)
}

/// Gives this process a session of its own: it leads a group, as which it may not, so it joins the host's
/// for that moment. Where that group is of another PID namespace it cannot, and keeps its own, to which no
/// terminal sends anything either.
fn take_a_session(host: Option<Stat>) {
    let group = host.and_then(|host| Pid::from_raw(host.group.cast_signed()));
    if group.is_some_and(|group| setpgid(None, Some(group)).is_ok()) {
        let _ = setsid();
    }
}

/// Closes what the host was given by those who started it and left open for its children.
fn close_others() {
    let Ok(open) = fs::read_dir("/proc/self/fd") else {
        return;
    };
    let open: Vec<c_int> = open
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|descriptor| *descriptor > libc::STDERR_FILENO)
        .collect();
    for descriptor in open {
        // SAFETY: nothing in this process has opened one that is still in use; that of the directory is
        // closed by now.
        unsafe { libc::close(descriptor) };
    }
}
