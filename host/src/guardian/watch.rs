//! Waits for the end of the host.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::Pid;

use super::table;
use super::wire::{END_AT_ONCE, END_IF_IDLE};

/// How long the pipe of a host that is gone is waited for. A process that was about to become a task's
/// program has the host's descriptors until it is that program, and cannot be told from the host before.
const BEGINNING: Duration = Duration::from_millis(500);

/// Waits until the host is gone; `false` when it lives and has no need of this process any more.
pub(super) fn until_gone(host: Option<Pid>, table: &File) -> bool {
    let process = host.and_then(handle_of);
    // Asked after its number was turned into a handle: from then on it cannot be another's.
    let is_parent = host.is_some() && rustix::process::getppid() == host;
    if !is_parent {
        return until_closed(Some(BEGINNING));
    }
    let pipe = rustix::stdio::stdin();
    let mut has_pipe = true;
    loop {
        let mut watched = Vec::new();
        if has_pipe {
            watched.push(PollFd::new(&pipe, PollFlags::IN));
        }
        watched.extend(process.iter().map(|it| PollFd::new(it, PollFlags::IN)));
        match poll(&mut watched, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return until_closed(None),
        }
        let has_news = |it: Option<&PollFd<'_>>| it.is_some_and(|it| !it.revents().is_empty());
        if process.is_some() && has_news(watched.last()) {
            return until_closed(Some(BEGINNING));
        }
        if has_pipe && has_news(watched.first()) {
            let mut told = [0];
            match rustix::io::read(pipe, &mut told) {
                Ok(1) if told == [END_AT_ONCE] => return false,
                Ok(1) if told == [END_IF_IDLE] && table::read(table).is_empty() => return false,
                Ok(1) | Err(Errno::INTR) => {}
                // Without handles for processes the end of the pipe has to do.
                _ if process.is_none() => return true,
                // Closed by someone in a host that goes on.
                _ => has_pipe = false,
            }
        }
    }
}

#[cfg(target_os = "linux")]
fn handle_of(process: Pid) -> Option<OwnedFd> {
    use rustix::process::{PidfdFlags, pidfd_open};
    pidfd_open(process, PidfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn handle_of(_process: Pid) -> Option<OwnedFd> {
    None
}

/// Waits until nobody has the other end of the pipe, for `limit` at most; `true`.
fn until_closed(limit: Option<Duration>) -> bool {
    let limit = limit.map(|limit| Timespec {
        tv_sec: 0,
        tv_nsec: limit.subsec_nanos().into(),
    });
    loop {
        let stdin = rustix::stdio::stdin();
        // A dismissal that was not read yet must not be waited for.
        let mut pipe = [PollFd::new(&stdin, PollFlags::empty())];
        match poll(&mut pipe, limit.as_ref()) {
            Err(Errno::INTR) => {}
            _ => return true,
        }
    }
}
