//! The API of 0.0.8 over gRPC, and its health.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use solti_api::GrpcApi;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_stream::Stream;
use tokio_util::sync::CancellationToken;
use tonic::server::NamedService;
use tonic::transport::Server;
use tonic::transport::server::Connected;
use tonic_health::ServingStatus;
use tracing::warn;

use crate::http::{App, why_not_ready};
use crate::tasks::Handler;

/// How often it is looked whether the service is ready.
const LOOK: Duration = Duration::from_millis(250);

/// How long a connection may be silent before it is asked whether it lives, and how long it has to answer.
const ASK: Duration = Duration::from_secs(30);
const ANSWER: Duration = Duration::from_secs(10);

/// Calls of one connection at the same time.
const CALLS: u32 = 256;

/// How long it is waited before the next connection where the system has no room for one.
const NO_ROOM: Duration = Duration::from_millis(50);

/// Serves a listener until it is told to stop.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    connections: Arc<Semaphore>,
    stop: CancellationToken,
) {
    let mut api = GrpcApi::new(Arc::new(Handler(Arc::clone(&app.tasks))));
    if let Some(token) = &app.access.token {
        api = api.with_auth(token.clone());
    }
    let api = api.server();
    let (reporter, health) = tonic_health::server::health_reporter();
    let watching = watch(reporter, name_of(&api), Arc::clone(&app), stop.clone());
    let served = Server::builder()
        .http2_keepalive_interval(Some(ASK))
        .http2_keepalive_timeout(Some(ANSWER))
        .max_concurrent_streams(Some(CALLS))
        .add_service(health)
        .add_service(api)
        .serve_with_incoming_shutdown(accepted(listener, connections), stop.cancelled());
    let (served, ()) = tokio::join!(served, watching);
    if let Err(err) = served {
        warn!("gRPC is not served any longer: {err}");
    }
}

/// The name that clients ask for the health of.
fn name_of<S: NamedService>(_: &S) -> &'static str {
    S::NAME
}

/// Tells clients whether the service is ready: all of it, and by its name.
async fn watch(
    reporter: tonic_health::server::HealthReporter,
    name: &'static str,
    app: Arc<App>,
    stop: CancellationToken,
) {
    loop {
        let is_over = stop.is_cancelled();
        let status = if !is_over && why_not_ready(&app).is_empty() {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        for name in ["", name] {
            reporter.set_service_status(name, status).await;
        }
        if is_over {
            return;
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// The connections that come, as many as may be there at the same time.
fn accepted(
    listener: TcpListener,
    connections: Arc<Semaphore>,
) -> impl Stream<Item = io::Result<Connection>> {
    let (found, stream) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        while let Ok(permit) = Arc::clone(&connections).acquire_owned().await {
            let stream = tokio::select! {
                // Nobody takes them any more.
                () = found.closed() => return,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(err) => {
                        warn!("a connection cannot be accepted: {err}");
                        tokio::time::sleep(NO_ROOM).await;
                        continue;
                    }
                },
            };
            // Answers are small, and somebody waits for them.
            let _ = stream.set_nodelay(true);
            let connection = Connection {
                stream,
                _permit: permit,
            };
            if found.send(Ok(connection)).await.is_err() {
                return;
            }
        }
    });
    tokio_stream::wrappers::ReceiverStream::new(stream)
}

/// A connection, which is counted for as long as it is there.
struct Connection {
    stream: TcpStream,
    _permit: OwnedSemaphorePermit,
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) -> Self::ConnectInfo {}
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
