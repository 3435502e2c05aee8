//! Hands the sockets that are listened on to the next service: who connects meanwhile waits, and is not
//! refused.
//!
//! A service listens on a socket in its state directory. The next one, which was told to take its place,
//! connects there and is sent what is listened on; the first then accepts no more, ends in order, and lets
//! go of the state directory.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::server::{InheritedSocket, Listener, Socket};

/// Where a service waits for the next one.
const SOCKET: &str = "handover.sock";

/// More sockets are not handed over.
const MOST: usize = 64;

/// How long the other side may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is said of a socket that is handed over, in the bits of a byte.
const IS_GRPC: u8 = 1;
const STAYS: u8 = 2;

/// What the next service is given.
pub(crate) struct Offer {
    /// Cancelled when it has been.
    pub(crate) taken: CancellationToken,
    /// Whether the files of Unix sockets stay.
    kept: Vec<Arc<AtomicBool>>,
    sockets: Vec<(OwnedFd, u8)>,
}

impl Offer {
    /// What is listened on now.
    pub(crate) fn of(listeners: &[Listener]) -> io::Result<Self> {
        let sockets = listeners.iter().map(|listener| {
            let said = match listener {
                #[cfg(feature = "grpc")]
                Listener::Grpc(..) => IS_GRPC,
                Listener::Unix(_, socket) if socket.is_kept.load(Ordering::Acquire) => STAYS,
                _ => 0,
            };
            Ok::<_, io::Error>((listener.handle()?, said))
        });
        let kept = listeners.iter().filter_map(|listener| match listener {
            Listener::Unix(_, Socket { is_kept, .. }) => Some(Arc::clone(is_kept)),
            _ => None,
        });
        Ok(Self {
            taken: CancellationToken::new(),
            kept: kept.collect(),
            sockets: sockets.take(MOST).collect::<Result<_, _>>()?,
        })
    }

    /// Waits for the next service, and gives it what is listened on; until `closing`.
    pub(crate) async fn wait(self, state: std::path::PathBuf, closing: CancellationToken) {
        let path = state.join(SOCKET);
        // What another service has left; the directory is ours.
        let _ = std::fs::remove_file(&path);
        let bound = UnixListener::bind(&path).and_then(|listener| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
            Ok(listener)
        });
        let listener = match bound {
            Ok(listener) => listener,
            Err(err) => return warn!("the next service cannot be given the sockets: {err}"),
        };
        loop {
            let accepted = tokio::select! {
                () = closing.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            let given = accepted.and_then(|(stream, _)| self.give(stream.into_std()?));
            match given {
                Ok(()) => {
                    info!("the next service has the sockets");
                    for kept in &self.kept {
                        kept.store(true, Ordering::Release);
                    }
                    self.taken.cancel();
                    break;
                }
                Err(err) => warn!("the next service was not given the sockets: {err}"),
            }
        }
        let _ = std::fs::remove_file(&path);
    }

    fn give(&self, stream: UnixStream) -> io::Result<()> {
        stream.set_nonblocking(false)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let said: Vec<u8> = self.sockets.iter().map(|(_, said)| *said).collect();
        let sockets: Vec<_> = self
            .sockets
            .iter()
            .map(|(socket, _)| socket.as_fd())
            .collect();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !ancillary.push(SendAncillaryMessage::ScmRights(&sockets)) {
            return Err(io::Error::other("too many sockets"));
        }
        sendmsg(
            &stream,
            &[IoSlice::new(&said)],
            &mut ancillary,
            SendFlags::NOSIGNAL,
        )?;
        Ok(())
    }
}

/// Takes the sockets of the service that works in a state directory; `None` where none offers them.
pub(crate) fn take(state: &Path) -> Option<Vec<InheritedSocket>> {
    let stream = UnixStream::connect(state.join(SOCKET)).ok()?;
    match receive(&stream) {
        Ok(sockets) if !sockets.is_empty() => Some(sockets),
        Ok(_) => None,
        Err(err) => {
            warn!("the service before does not hand over its sockets: {err}");
            None
        }
    }
}

fn receive(stream: &UnixStream) -> io::Result<Vec<InheritedSocket>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut said = [0; MOST];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(
        stream,
        &mut [IoSliceMut::new(&mut said)],
        &mut ancillary,
        RecvFlags::CMSG_CLOEXEC,
    )?;
    let sockets = ancillary.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(sockets) => Some(sockets),
        _ => None,
    });
    let sockets = sockets.flatten().zip(&said[..received.bytes]);
    Ok(sockets
        .map(|(socket, said)| InheritedSocket {
            socket,
            is_grpc: said & IS_GRPC != 0,
            stays: said & STAYS != 0,
        })
        .collect())
}
