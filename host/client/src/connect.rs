//! Connections to a service.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::address::Address;
use crate::error::ClientError;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(10);

/// What requests are sent through.
pub(crate) type Sender = SendRequest<Full<Bytes>>;

/// Connects to a service.
pub(crate) async fn connect(
    address: &Address,
    tls: Option<&Arc<ClientConfig>>,
) -> Result<Sender, ClientError> {
    let not_reached = |source: io::Error| ClientError::NotReached {
        address: address.clone(),
        source,
    };
    let connecting = async {
        match address {
            Address::Unix(path) => speak(UnixStream::connect(path).await?).await,
            Address::Http(host) => speak(tcp(host).await?).await,
            Address::Https(host) => {
                let config = tls.ok_or_else(|| io::Error::other("nothing speaks TLS"))?;
                let name = host
                    .rsplit_once(':')
                    .map_or(host.as_str(), |(name, _)| name);
                let name = name.trim_start_matches('[').trim_end_matches(']');
                let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
                let connector = TlsConnector::from(Arc::clone(config));
                speak(connector.connect(name, tcp(host).await?).await?).await
            }
        }
    };
    match timeout(CONNECT, connecting).await {
        Ok(connected) => connected.map_err(not_reached),
        Err(_) => Err(ClientError::TooSlow {
            address: address.clone(),
            limit: CONNECT,
        }),
    }
}

async fn tcp(host: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(host).await?;
    // Requests are small, and somebody waits for them.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

async fn speak<T: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
    stream: T,
) -> io::Result<Sender> {
    let (sender, connection) = handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    // Its errors come to whoever waits for an answer.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(sender)
}
