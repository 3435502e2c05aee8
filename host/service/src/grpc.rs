//! The API of 0.0.8 over gRPC, and its health.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use solti_api::{
    ApiAuthenticator, ApiAuthorizer, ApiError, ApiIdentity, AuthenticationRequest,
    AuthorizationRequest, GrpcApi, TaskOperation,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::server::NamedService;
use tonic::transport::Server;
use tonic::transport::server::Connected;
use tonic_health::ServingStatus;
use tracing::warn;

use crate::access::Role;
use crate::http::{App, why_not_ready};
use crate::stream::Stream;
use crate::tasks::Handler;

/// How often it is looked whether the service is ready.
const LOOK: Duration = Duration::from_millis(250);

/// How long a connection may be silent before it is asked whether it lives, and how long it has to answer.
const ASK: Duration = Duration::from_secs(30);
const ANSWER: Duration = Duration::from_secs(10);

/// Calls of one connection at the same time.
const CALLS: u32 = 256;

/// Serves connections until it is told to stop.
pub(crate) async fn serve(
    connections: mpsc::Receiver<Connection>,
    app: Arc<App>,
    stop: CancellationToken,
) {
    let mut api = GrpcApi::new(Arc::new(Handler(Arc::clone(&app.tasks))));
    if app.access.tokens.is_some() {
        let guard = Arc::new(Guard(Arc::clone(&app)));
        api = api
            .with_authenticator(Arc::clone(&guard) as _)
            .with_authorizer(guard);
    }
    let api = api.server();
    let (reporter, health) = tonic_health::server::health_reporter();
    let watching = watch(reporter, name_of(&api), Arc::clone(&app), stop.clone());
    let accepted = ReceiverStream::new(connections).map(Ok::<_, io::Error>);
    let served = Server::builder()
        .http2_keepalive_interval(Some(ASK))
        .http2_keepalive_timeout(Some(ANSWER))
        .max_concurrent_streams(Some(CALLS))
        .add_service(health)
        .add_service(api)
        .serve_with_incoming_shutdown(accepted, stop.cancelled());
    let (served, ()) = tokio::join!(served, watching);
    if let Err(err) = served {
        warn!("gRPC is not served any longer: {err}");
    }
}

/// Lets calls through whose token lets do them.
struct Guard(Arc<App>);

/// The attribute of an identity that has its role.
const ROLE: &str = "role";

#[async_trait]
impl ApiAuthenticator for Guard {
    async fn authenticate(
        &self,
        request: AuthenticationRequest<'_>,
    ) -> Result<ApiIdentity, ApiError> {
        let tokens = self.0.access.tokens.as_ref();
        let given = request.bearer_credential();
        let role = given.and_then(|given| tokens?.role_of(given));
        let role = role.ok_or_else(|| {
            ApiError::Unauthenticated("a token of the service is needed as bearer token".to_owned())
        })?;
        Ok(ApiIdentity::authenticated().with_attribute(ROLE, role.to_string()))
    }
}

#[async_trait]
impl ApiAuthorizer for Guard {
    async fn authorize(&self, request: AuthorizationRequest<'_>) -> Result<(), ApiError> {
        let roles = request.identity().and_then(|it| it.attribute(ROLE));
        let is_read_only = roles.is_none_or(|roles| roles.contains(&Role::Read.to_string()));
        let reads = matches!(
            request.operation(),
            TaskOperation::Get
                | TaskOperation::List
                | TaskOperation::Watch
                | TaskOperation::ListRuns
                | TaskOperation::StreamLogs
        );
        if is_read_only && !reads {
            let needed = Role::Submit;
            return Err(ApiError::Forbidden(format!(
                "the role of the token is read, and this needs {needed}"
            )));
        }
        Ok(())
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

/// A connection, which is counted for as long as it is there.
pub(crate) struct Connection {
    stream: Stream,
    _permit: OwnedSemaphorePermit,
}

impl Connection {
    pub(crate) fn new(stream: Stream, permit: OwnedSemaphorePermit) -> Self {
        Self {
            stream,
            _permit: permit,
        }
    }
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
