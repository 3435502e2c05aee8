//! Sockets, connections and their limits.

mod listener;

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;
use tracing::{debug, warn};

use crate::config::ServerLimits;
#[cfg(feature = "grpc")]
use crate::grpc;
use crate::http::{App, Peer};
pub use listener::Address;
pub(crate) use listener::{Listener, Socket};

/// How long it is waited before the next connection where the system has no room for one.
const NO_ROOM: Duration = Duration::from_millis(50);

/// How long a request is on its way.
const ON_ITS_WAY: Duration = Duration::from_millis(300);

/// What serves connections, until it is told to stop.
pub(crate) struct Server {
    router: Router,
    #[cfg(feature = "grpc")]
    app: Arc<App>,
    connections: Arc<Semaphore>,
    header_time: Duration,
    /// Cancelled when no connection is accepted any more.
    accepting: CancellationToken,
    /// Cancelled when nothing more is waited for than what was begun.
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
            accepting: CancellationToken::new(),
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
            let serving = grpc::serve(accepted, Arc::clone(&self.app), self.accepting.clone());
            self.tracker.spawn(serving);
        }
        let accepting = Accepting {
            router: self.router.clone(),
            connections: Arc::clone(&self.connections),
            header_time: self.header_time,
            tracker: self.tracker.clone(),
            accepting: self.accepting.clone(),
            stop: self.stop.clone(),
            #[cfg(feature = "grpc")]
            grpc,
        };
        let over = self.accepting.clone();
        self.tracker.spawn(async move {
            tokio::select! {
                () = over.cancelled() => {}
                () = accepting.run(&listener) => {}
            }
        });
    }

    /// Accepts no more: another process does. Who has connected here is answered once more; streams are not
    /// waited for longer than this.
    pub(crate) async fn accept_no_more(&self, most: Duration) {
        self.accepting.cancel();
        self.tracker.close();
        let _ = tokio::time::timeout(most, self.tracker.wait()).await;
    }

    /// Accepts no more, and waits for what was begun.
    pub(crate) async fn stop(self, most: Duration) {
        self.stop.cancel();
        self.accepting.cancel();
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

/// Waits until a connection is to end. Where another process accepts instead, a request may be on its way: it
/// is waited for, a little, and answered as the last one.
async fn once_more(accepting: &CancellationToken, stop: &CancellationToken, begun: &Notify) {
    accepting.cancelled().await;
    // One that has begun before is not meant.
    let mut next = pin!(begun.notified());
    if next.as_mut().enable() {
        next.set(begun.notified());
    }
    tokio::select! {
        () = stop.cancelled() => {}
        () = next => {}
        () = tokio::time::sleep(ON_ITS_WAY) => {}
    }
}

struct Accepting {
    router: Router,
    connections: Arc<Semaphore>,
    header_time: Duration,
    tracker: TaskTracker,
    accepting: CancellationToken,
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
        let begun = Arc::new(Notify::new());
        let begins = Arc::clone(&begun);
        let router = self.router.clone().layer(Extension(peer));
        let service = TowerToHyperService::new(router.map_request(move |request| {
            begins.notify_one();
            request
        }));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_time)
            .serve_connection(TokioIo::new(stream), service);
        let (accepting, stop) = (self.accepting.clone(), self.stop.clone());
        self.tracker.spawn(async move {
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = &mut connection => ended,
                () = once_more(&accepting, &stop, &begun) => {
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
