//! What a service tells systemd, and takes from it; nothing where it was started otherwise.

use std::io;
use std::os::fd::{FromRawFd as _, OwnedFd};
use std::time::Duration;

use sd_notify::NotifyState;
use solti_plugin_service::{InheritedSocket, Service};
use tokio::task::AbortHandle;

use crate::present::phrase::counted;

/// The name of a socket of systemd's (`FileDescriptorName=`) that is for gRPC.
const GRPC: &str = "grpc";

/// The sockets that systemd has opened.
///
/// # Errors
///
/// When the environment speaks of sockets that are not there.
pub(super) fn sockets() -> io::Result<Vec<InheritedSocket>> {
    let given = sd_notify::listen_fds_with_names()?;
    Ok(given
        .map(|(socket, name)| InheritedSocket {
            socket: owned(socket),
            is_grpc: name == GRPC,
            stays: true,
        })
        .collect())
}

#[expect(unsafe_code, reason = "systemd gives descriptors as numbers")]
fn owned(socket: i32) -> OwnedFd {
    // SAFETY: it is one of those that systemd has given this process to own, and they are asked for once, when
    // the service starts.
    unsafe { OwnedFd::from_raw_fd(socket) }
}

/// Tells that the service is ready, and what it works with.
pub(super) fn ready(service: &Service) {
    let report = service.report();
    let status = format!(
        "{}, {} refused",
        counted(report.loaded().len() as u64, "plugin"),
        report.rejected().len()
    );
    tell(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

/// Tells that the directory of plugins is looked at.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// Tells that the service ends.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
}

/// What tells that the service lives, until it is dropped.
pub(super) struct Watched(AbortHandle);

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Tells again and again that the service lives, where systemd wants to know.
pub(super) fn watchdog() -> Option<Watched> {
    let limit: Duration = sd_notify::watchdog_enabled()?;
    let telling = tokio::spawn(async move {
        loop {
            tell(&[NotifyState::Watchdog]);
            tokio::time::sleep(limit / 3).await;
        }
    });
    Some(Watched(telling.abort_handle()))
}

fn tell(states: &[NotifyState<'_>]) {
    // Whoever started it may be gone.
    let _ = sd_notify::notify(states);
}
