//! The exit of a child, seen without reaping it.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
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
