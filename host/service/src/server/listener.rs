//! Sockets that are listened on: opened here, or by whoever was there before.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::net::{AddressFamily, sockopt};
use tokio::net::{TcpListener, UnixListener};

/// Where a service listens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Address {
    /// A Unix socket.
    Unix(PathBuf),
    /// HTTP over TCP.
    Tcp(SocketAddr),
    /// gRPC over TCP.
    Grpc(SocketAddr),
    /// HTTP over TLS.
    Https(SocketAddr),
    /// gRPC over TLS.
    Grpcs(SocketAddr),
}

impl Address {
    /// The same where TLS is spoken.
    pub(crate) fn with_tls(self, is_tls: bool) -> Self {
        match self {
            Self::Tcp(address) if is_tls => Self::Https(address),
            Self::Grpc(address) if is_tls => Self::Grpcs(address),
            other => other,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(address) => write!(f, "http://{address}"),
            Self::Grpc(address) => write!(f, "grpc://{address}"),
            Self::Https(address) => write!(f, "https://{address}"),
            Self::Grpcs(address) => write!(f, "grpcs://{address}"),
        }
    }
}

/// A socket that is listened on, which another process has opened.
#[derive(Debug)]
pub struct InheritedSocket {
    /// The socket.
    pub socket: OwnedFd,
    /// Whether it is for gRPC, where it is one of TCP.
    pub is_grpc: bool,
    /// Whether its file stays when the service stops, where it is a Unix socket: whoever opened it goes on
    /// listening.
    pub stays: bool,
}

/// A socket that is listened on.
pub(crate) enum Listener {
    Tcp(TcpListener, SocketAddr),
    #[cfg(feature = "grpc")]
    Grpc(TcpListener, SocketAddr),
    Unix(UnixListener, Socket),
}

/// The file of a Unix socket, which goes with it, unless another process listens on it.
pub(crate) struct Socket {
    path: PathBuf,
    pub(crate) is_kept: Arc<AtomicBool>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if !self.is_kept.load(Ordering::Acquire) {
            // Another service may have taken its place, or somebody removed it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Listener {
    /// Listens on an address, for `Self::Tcp` or `Self::Grpc`; port 0 chooses one.
    pub(crate) async fn bind(
        address: SocketAddr,
        of: impl FnOnce(TcpListener, SocketAddr) -> Self,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(of(listener, address))
    }

    /// Listens on a socket of mode 0600. What another service has left in its place goes: the state
    /// directory is locked.
    pub(crate) fn unix(path: &Path) -> io::Result<Self> {
        match std::fs::symlink_metadata(path) {
            Ok(found) if found.file_type().is_socket() => std::fs::remove_file(path)?,
            Ok(_) => {
                return Err(io::Error::new(
                    io::ErrorKind::AlreadyExists,
                    "something that is no socket is there",
                ));
            }
            Err(_) => {}
        }
        let listener = UnixListener::bind(path)?;
        let socket = Socket {
            path: path.to_owned(),
            is_kept: Arc::default(),
        };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self::Unix(listener, socket))
    }

    /// The listener of a socket that another process has opened.
    pub(crate) fn inherited(inherited: InheritedSocket) -> io::Result<Self> {
        let InheritedSocket {
            socket,
            is_grpc,
            stays,
        } = inherited;
        let family = sockopt::socket_domain(&socket)?;
        if !sockopt::socket_acceptconn(&socket)? {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a socket that was handed over is none that is listened on",
            ));
        }
        if family == AddressFamily::UNIX {
            let listener = std::os::unix::net::UnixListener::from(socket);
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            let socket = Socket {
                path: address
                    .as_pathname()
                    .map(Path::to_owned)
                    .unwrap_or_default(),
                is_kept: Arc::new(AtomicBool::new(stays)),
            };
            return Ok(Self::Unix(UnixListener::from_std(listener)?, socket));
        }
        let listener = std::net::TcpListener::from(socket);
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let listener = TcpListener::from_std(listener)?;
        #[cfg(feature = "grpc")]
        if is_grpc {
            return Ok(Self::Grpc(listener, address));
        }
        let _ = is_grpc;
        Ok(Self::Tcp(listener, address))
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> Address {
        match self {
            Self::Tcp(_, address) => Address::Tcp(*address),
            #[cfg(feature = "grpc")]
            Self::Grpc(_, address) => Address::Grpc(*address),
            Self::Unix(_, socket) => Address::Unix(socket.path.clone()),
        }
    }

    /// Where it listens over TCP.
    pub(crate) fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(_, address) => Some(*address),
            #[cfg(feature = "grpc")]
            Self::Grpc(_, address) => Some(*address),
            Self::Unix(..) => None,
        }
    }

    /// Another handle to its socket.
    pub(crate) fn handle(&self) -> io::Result<OwnedFd> {
        match self {
            Self::Tcp(listener, _) => listener.as_fd().try_clone_to_owned(),
            #[cfg(feature = "grpc")]
            Self::Grpc(listener, _) => listener.as_fd().try_clone_to_owned(),
            Self::Unix(listener, _) => listener.as_fd().try_clone_to_owned(),
        }
    }

    /// Whether it is what is wanted at an address; port 0 wants any.
    pub(crate) fn is_at(&self, wanted: &Address) -> bool {
        let same = |one: &SocketAddr, other: &SocketAddr| {
            one.ip() == other.ip() && (other.port() == 0 || one.port() == other.port())
        };
        match (self.address(), wanted) {
            (Address::Unix(one), Address::Unix(other)) => is_same_file(&one, other),
            (Address::Tcp(one), Address::Tcp(other))
            | (Address::Grpc(one), Address::Grpc(other)) => same(&one, other),
            _ => false,
        }
    }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    one == other
        || match (std::fs::canonicalize(one), std::fs::canonicalize(other)) {
            (Ok(one), Ok(other)) => one == other,
            _ => false,
        }
}
