//! Sockets, connections and their limits.

mod listener;
mod tls;

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
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;
use tracing::{debug, warn};

use crate::config::ServerLimits;
#[cfg(feature = "grpc")]
use crate::grpc;
use crate::http::{App, Peer};
use crate::stream::Stream;
pub use listener::{Address, InheritedSocket};
pub(crate) use listener::{Listener, Socket};
pub(crate) use tls::Tls;

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
    tls: Option<Arc<Tls>>,
    header_time: Duration,
    /// Cancelled when no connection is accepted any more.
    accepting: CancellationToken,
    /// Cancelled when nothing more is waited for than what was begun.
    stop: CancellationToken,
    tracker: TaskTracker,
}

impl Server {
    pub(crate) fn new(
        (router, _app): (Router, Arc<App>),
        limits: ServerLimits,
        tls: Option<Arc<Tls>>,
    ) -> Self {
        Self {
            router,
            #[cfg(feature = "grpc")]
            app: _app,
            connections: Arc::new(Semaphore::new(limits.connections)),
            tls,
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
        let accepting = Arc::new(Accepting {
            router: self.router.clone(),
            connections: Arc::clone(&self.connections),
            tls: self.tls.clone(),
            header_time: self.header_time,
            tracker: self.tracker.clone(),
            accepting: self.accepting.clone(),
            stop: self.stop.clone(),
            #[cfg(feature = "grpc")]
            grpc,
        });
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
    tls: Option<Arc<Tls>>,
    header_time: Duration,
    tracker: TaskTracker,
    accepting: CancellationToken,
    stop: CancellationToken,
    /// Who serves the connections of a gRPC listener.
    #[cfg(feature = "grpc")]
    grpc: tokio::sync::mpsc::Sender<grpc::Connection>,
}

impl Accepting {
    async fn run(self: Arc<Self>, listener: &Listener) {
        loop {
            // Those beyond the limit wait in the system's queue.
            let Ok(permit) = Arc::clone(&self.connections).acquire_owned().await else {
                return;
            };
            let accepted = match listener {
                Listener::Tcp(listener, _) => {
                    let stream = accept(listener).await;
                    stream.map(|stream| Arc::clone(&self).begin(stream, permit, false))
                }
                #[cfg(feature = "grpc")]
                Listener::Grpc(listener, _) => {
                    let stream = accept(listener).await;
                    stream.map(|stream| Arc::clone(&self).begin(stream, permit, true))
                }
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

    /// Begins a connection over TCP: TLS may take its time.
    fn begin(self: Arc<Self>, stream: TcpStream, permit: OwnedSemaphorePermit, is_grpc: bool) {
        let Some(tls) = self.tls.clone() else {
            return self.hand_on(Stream::Plain(stream), permit, is_grpc);
        };
        let tracker = self.tracker.clone();
        tracker.spawn(async move {
            let accepted = tls.acceptor(is_grpc).accept(stream);
            match tokio::time::timeout(self.header_time, accepted).await {
                Ok(Ok(stream)) => self.hand_on(Stream::Tls(Box::new(stream)), permit, is_grpc),
                Ok(Err(err)) => debug!("a connection speaks no TLS that is taken: {err}"),
                Err(_) => debug!("a connection has not said what TLS it speaks in time"),
            }
        });
    }

    fn hand_on(&self, stream: Stream, permit: OwnedSemaphorePermit, is_grpc: bool) {
        #[cfg(feature = "grpc")]
        if is_grpc {
            let (grpc, connection) = (self.grpc.clone(), grpc::Connection::new(stream, permit));
            self.tracker.spawn(async move {
                // Where nobody serves any more it ends here.
                let _ = grpc.send(connection).await;
            });
            return;
        }
        let _ = is_grpc;
        self.serve(stream, Peer::Tcp, permit);
    }

    fn serve(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: Peer,
        permit: OwnedSemaphorePermit,
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
