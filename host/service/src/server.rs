//! Sockets, connections and their limits.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use crate::config::ServerLimits;
#[cfg(feature = "grpc")]
use crate::grpc;
use crate::http::{App, Peer};

/// How long it is waited before the next connection where the system has no room for one.
const NO_ROOM: Duration = Duration::from_millis(50);

/// A socket that is listened on.
pub(crate) enum Listener {
    Tcp(TcpListener, SocketAddr),
    #[cfg(feature = "grpc")]
    Grpc(TcpListener, SocketAddr),
    Unix(UnixListener, Socket),
}

/// The file of a Unix socket, which goes with it.
pub(crate) struct Socket(pub(crate) PathBuf);

impl Drop for Socket {
    fn drop(&mut self) {
        // Another service may have taken its place, or somebody removed it.
        let _ = std::fs::remove_file(&self.0);
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
        let socket = Socket(path.to_owned());
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self::Unix(listener, socket))
    }
}

/// What serves connections, until it is told to stop.
pub(crate) struct Server {
    router: Router,
    #[cfg(feature = "grpc")]
    app: Arc<App>,
    connections: Arc<Semaphore>,
    header_time: Duration,
    /// Cancelled when no connection is accepted any more.
    stop: CancellationToken,
    tracker: TaskTracker,
}

impl Server {
    pub(crate) fn new((router, _app): (Router, Arc<App>), limits: ServerLimits) -> Self {
        Self {
            router,
            #[cfg(feature = "grpc")]
            app: _app,
            connections: Arc::new(Semaphore::new(limits.connections)),
            header_time: limits.header_time,
            stop: CancellationToken::new(),
            tracker: TaskTracker::new(),
        }
    }

    /// Accepts connections of a listener.
    pub(crate) fn accept(&self, listener: Listener) {
        #[cfg(feature = "grpc")]
        let (grpc, accepted) = tokio::sync::mpsc::channel(1);
        #[cfg(feature = "grpc")]
        if matches!(listener, Listener::Grpc(..)) {
            let serving = grpc::serve(accepted, Arc::clone(&self.app), self.stop.clone());
            self.tracker.spawn(serving);
        }
        let accepting = Accepting {
            router: self.router.clone(),
            connections: Arc::clone(&self.connections),
            header_time: self.header_time,
            tracker: self.tracker.clone(),
            stop: self.stop.clone(),
            #[cfg(feature = "grpc")]
            grpc,
        };
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = accepting.run(&listener) => {}
            }
        });
    }

    /// Accepts no more, and waits for what was begun.
    pub(crate) async fn stop(self, most: Duration) {
        self.stop.cancel();
        self.tracker.close();
        let ended = tokio::time::timeout(most, self.tracker.wait()).await;
        if ended.is_err() {
            debug!("connections are still open and are not waited for any longer");
        }
    }
}

async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    let (stream, _) = listener.accept().await?;
    // Answers are small, and somebody waits for them.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

struct Accepting {
    router: Router,
    connections: Arc<Semaphore>,
    header_time: Duration,
    tracker: TaskTracker,
    stop: CancellationToken,
    /// Who serves the connections of a gRPC listener.
    #[cfg(feature = "grpc")]
    grpc: tokio::sync::mpsc::Sender<grpc::Connection>,
}

impl Accepting {
    async fn run(&self, listener: &Listener) {
        loop {
            // Those beyond the limit wait in the system's queue.
            let Ok(permit) = Arc::clone(&self.connections).acquire_owned().await else {
                return;
            };
            let accepted = match listener {
                Listener::Tcp(listener, _) => {
                    let stream = accept(listener).await;
                    stream.map(|stream| self.serve(stream, Peer::Tcp, permit))
                }
                #[cfg(feature = "grpc")]
                Listener::Grpc(listener, _) => match accept(listener).await {
                    Ok(stream) => {
                        let connection = grpc::Connection::new(stream, permit);
                        if self.grpc.send(connection).await.is_err() {
                            return;
                        }
                        Ok(())
                    }
                    Err(err) => Err(err),
                },
                Listener::Unix(listener, _) => listener.accept().await.map(|(stream, _)| {
                    self.serve(stream, Peer::Unix, permit);
                }),
            };
            if let Err(err) = accepted {
                warn!("a connection cannot be accepted: {err}");
                tokio::time::sleep(NO_ROOM).await;
            }
        }
    }

    fn serve(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: Peer,
        permit: tokio::sync::OwnedSemaphorePermit,
    ) {
        let service = TowerToHyperService::new(self.router.clone().layer(Extension(peer)));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_time)
            .serve_connection(TokioIo::new(stream), service);
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = &mut connection => ended,
                () = stop.cancelled() => {
                    // What was begun is answered.
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(err) = ended {
                debug!("a connection has ended: {err}");
            }
            drop(permit);
        });
    }
}
