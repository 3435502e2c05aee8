//! The service `benches.Lines`, both ends, as generated code would have it.
//!
//! Written by hand so that no compiler for protocol files is needed.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::path::Path;
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use tokio::net::UnixListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::{ReceiverStream, UnixListenerStream};
use tonic::body::Body;
use tonic::client;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::{self, NamedService, ServerStreamingService};
use tonic::transport::{Channel, Endpoint, Server};
use tonic_prost::ProstCodec;

const METHOD: &str = "/benches.Lines/Push";

/// What a task of the fixture `pusher` is asked for.
#[derive(Clone, PartialEq, prost::Message)]
struct Request {
    #[prost(uint64, tag = "1")]
    count: u64,
    #[prost(uint64, tag = "2")]
    bytes: u64,
}

/// A chunk of output.
#[derive(Clone, PartialEq, prost::Message)]
struct Chunk {
    #[prost(uint32, tag = "1")]
    attempt: u32,
    #[prost(uint32, tag = "2")]
    stream: u32,
    #[prost(uint64, tag = "3")]
    seq: u64,
    #[prost(uint64, tag = "4")]
    nanos: u64,
    #[prost(bytes = "bytes", tag = "5")]
    line: Bytes,
}

type Chunks = ReceiverStream<Result<Chunk, tonic::Status>>;

/// Lines that wait for the transport, as in tonic's own example of a server that streams.
const WAITING: usize = 128;

/// A task that pushes its lines into the stream.
fn run(request: Request) -> Chunks {
    let (sink, lines) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let line = vec![b'x'; request.bytes as usize];
        for seq in 0..request.count {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            let chunk = Chunk {
                attempt: 1,
                stream: 1,
                seq,
                nanos: now.map_or(0, |now| now.as_nanos() as u64),
                line: Bytes::copy_from_slice(&line),
            };
            if sink.send(Ok(chunk)).await.is_err() {
                return; // The host has gone.
            }
        }
    });
    ReceiverStream::new(lines)
}

#[derive(Clone)]
struct LinesService;

impl NamedService for LinesService {
    const NAME: &'static str = "benches.Lines";
}

impl ServerStreamingService<Request> for LinesService {
    type Response = Chunk;
    type ResponseStream = Chunks;
    type Future = Ready<Result<tonic::Response<Chunks>, tonic::Status>>;

    fn call(&mut self, request: tonic::Request<Request>) -> Self::Future {
        ready(Ok(tonic::Response::new(run(request.into_inner()))))
    }
}

impl Service<http::Request<Body>> for LinesService {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let mut server = server::Grpc::new(ProstCodec::<Chunk, Request>::default());
            Ok(server.server_streaming(LinesService, request).await)
        })
    }
}

/// Serves until the process is killed.
pub(super) async fn serve(socket: &Path) {
    let listener = UnixListener::bind(socket).expect("the socket's directory is ours");
    Server::builder()
        .add_service(LinesService)
        .serve_with_incoming(UnixListenerStream::new(listener))
        .await
        .expect("the service runs until it is killed");
}

/// The host's end.
#[derive(Clone)]
pub(super) struct Client(client::Grpc<Channel>);

impl Client {
    /// Waits until the service is there.
    pub(super) async fn connect(socket: &Path) -> Self {
        let deadline = Instant::now() + Duration::from_secs(20);
        let endpoint = Endpoint::try_from(format!("unix://{}", socket.display()))
            .expect("a path makes an address");
        loop {
            match endpoint.connect().await {
                Ok(channel) => return Self(client::Grpc::new(channel)),
                Err(err) if Instant::now() > deadline => panic!("no service: {err}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    }

    /// Has the service push `count` lines and hands each of them to `sink`.
    pub(super) async fn relay(&mut self, count: usize, bytes: usize, sink: impl Fn(Bytes)) {
        let request = Request {
            count: count as u64,
            bytes: bytes as u64,
        };
        let path = http::uri::PathAndQuery::from_static(METHOD);
        let codec = ProstCodec::<Request, Chunk>::default();
        self.0.ready().await.expect("the service is there");
        let response = self
            .0
            .server_streaming(tonic::Request::new(request), path, codec)
            .await;
        let mut chunks = response.expect("the service answers").into_inner();
        let mut expected = 0;
        while let Some(chunk) = chunks.message().await.expect("the stream is whole") {
            assert_eq!(chunk.seq, expected, "a line is missing");
            assert_eq!(chunk.line.len(), bytes, "line {expected} is not whole");
            expected += 1;
            sink(chunk.line);
        }
        assert_eq!(expected, count as u64, "every line came");
    }
}
