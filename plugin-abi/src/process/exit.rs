//! The exit of a child, seen without reaping it.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, WaitOptions, waitid, waitpid};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::sleep;

/// How soon a child is looked at again where the system does not report its exit. Every further
/// time takes twice as long, up to the slowest.
const FIRST_POLL: Duration = Duration::from_millis(1);
const SLOWEST_POLL: Duration = Duration::from_millis(100);

/// Whether a child has exited. It stays a zombie, which keeps its number from being used again.
pub(super) fn has_exited(child: Pid) -> io::Result<bool> {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    Ok(waitid(WaitId::Pid(child), look)?.is_some())
}

/// How a child ended, where it has. It stays a zombie.
pub(super) fn status(child: Pid) -> io::Result<Option<ExitStatus>> {
    /// What the status of a wait call has beside the signal where memory was dumped.
    const DUMPED: i32 = 0x80;
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let Some(ended) = waitid(WaitId::Pid(child), look)? else {
        return Ok(None);
    };
    let status = match (ended.exit_status(), ended.terminating_signal()) {
        (Some(code), _) => (code & 0xff) << 8,
        (None, Some(signal)) if ended.dumped() => signal | DUMPED,
        (None, signal) => signal.unwrap_or_default(),
    };
    Ok(Some(ExitStatus::from_raw(status)))
}

/// Reaps a child, and blocks until it has exited.
pub(super) fn reap(child: Pid) -> io::Result<ExitStatus> {
    loop {
        match waitpid(Some(child), WaitOptions::empty()) {
            Ok(Some((_, status))) => return Ok(ExitStatus::from_raw(status.as_raw())),
            Ok(None) | Err(Errno::INTR) => {}
            Err(err) => return Err(err.into()),
        }
    }
}

/// A descriptor that is readable once a child has exited, where the system has such a thing and a
/// descriptor left.
pub(super) fn descriptor(child: Pid) -> Option<OwnedFd> {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{PidfdFlags, pidfd_open};
        pidfd_open(child, PidfdFlags::empty()).ok()
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = child;
        None
    }
}

/// Waits until a child has exited.
pub(super) async fn exited(child: Pid) -> io::Result<()> {
    // Most are waited for when their output has ended, and so have they.
    if has_exited(child)? {
        return Ok(());
    }
    if let Some(descriptor) = watched(child) {
        while !has_exited(child)? {
            descriptor.readable().await?.clear_ready();
        }
        return Ok(());
    }
    exited_by_polling(child).await
}

/// A descriptor as [`descriptor`] gives it, in the runtime's care.
#[allow(
    deprecated,
    reason = "what replaces it in later versions of tokio is unsafe, for the sake of types that \
              give out other descriptors than their own; `OwnedFd` does not"
)]
fn watched(child: Pid) -> Option<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(descriptor(child)?, Interest::READABLE).ok()
}

async fn exited_by_polling(child: Pid) -> io::Result<()> {
    let mut pause = FIRST_POLL;
    while !has_exited(child)? {
        sleep(pause).await;
        pause = (pause * 2).min(SLOWEST_POLL);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use tokio::time::timeout;

    use super::*;

    #[test]
    #[expect(
        clippy::zombie_processes,
        reason = "what is tested here reaps the child"
    )]
    fn how_a_child_ended_is_the_same_before_and_after_it_is_reaped() {
        for (script, shown) in [
            ("exit 0", "exit status: 0"),
            ("exit 255", "exit status: 255"),
            ("kill -TERM $$", "signal: 15 (SIGTERM)"),
        ] {
            let child = Command::new("sh").args(["-c", script]).spawn().unwrap();
            let pid = Pid::from_child(&child);
            let seen = loop {
                if let Some(status) = status(pid).unwrap() {
                    break status;
                }
                std::thread::sleep(FIRST_POLL);
            };
            assert_eq!(seen.to_string(), shown);
            assert_eq!(reap(pid).unwrap(), seen);
        }
    }

    #[tokio::test]
    async fn an_exit_is_seen_where_the_system_does_not_report_it() {
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        let pid = Pid::from_child(&child);
        let early = timeout(Duration::from_millis(20), exited_by_polling(pid)).await;
        assert!(early.is_err());
        child.kill().unwrap();
        exited_by_polling(pid).await.unwrap();
        assert_eq!(child.wait().unwrap().code(), None);
    }
}
