//! A connection to a server, and how long its steps took.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use hyper::Uri;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, ClientConfig};

use crate::fault::Fault;
use crate::progress::{Progress, Step};
use crate::request::Request;
use crate::tls;

/// What bytes go over, with TLS or without.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// The name and the port of a server, for messages.
pub(crate) fn server(uri: &Uri) -> String {
    format!("{}:{}", uri.host().unwrap_or_default(), port(uri))
}

fn port(uri: &Uri) -> u16 {
    let by_scheme = if is_secure(uri) { 443 } else { 80 };
    uri.port_u16().unwrap_or(by_scheme)
}

fn is_secure(uri: &Uri) -> bool {
    uri.scheme_str() == Some("https")
}

/// Connects to the server of a URL.
pub(crate) async fn connect(
    uri: &Uri,
    request: &Request,
    progress: &mut Progress,
) -> Result<Box<dyn Stream>, Fault> {
    progress.step = Step::Connecting;
    // An address of version 6 stands in brackets, which are no part of it.
    let host = uri.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let began = Instant::now();
    let tcp = TcpStream::connect((host, port(uri))).await;
    let tcp = tcp.map_err(|source| Fault::Unreachable {
        to: server(uri),
        source,
    })?;
    progress.connect = Some(began.elapsed());
    // One that cannot be set costs time, nothing else.
    let _ = tcp.set_nodelay(true);
    if !is_secure(uri) {
        return Ok(Box::new(tcp));
    }
    progress.step = Step::Securing;
    let config = match &request.tls {
        Some(config) => Arc::clone(config),
        None => of_system().await?,
    };
    secure(tcp, uri, host, config, request, progress).await
}

async fn of_system() -> Result<Arc<ClientConfig>, Fault> {
    // It reads files.
    let made = tokio::task::spawn_blocking(tls::of_system).await;
    made.unwrap_or_else(|err| {
        Err(Fault::NoRoots {
            reason: err.to_string(),
        })
    })
}

async fn secure(
    tcp: TcpStream,
    uri: &Uri,
    host: &str,
    config: Arc<ClientConfig>,
    request: &Request,
    progress: &mut Progress,
) -> Result<Box<dyn Stream>, Fault> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| Fault::Certificate {
        host: host.to_owned(),
        what: "cannot be checked: that is no name a certificate can have".to_owned(),
    })?;
    let began = Instant::now();
    let secured = TlsConnector::from(config).connect(name, tcp).await;
    let stream = secured.map_err(|err| of_handshake(&err, uri, host, progress))?;
    progress.tls = Some(began.elapsed());
    let certificates = stream.get_ref().1.peer_certificates();
    let days = certificates.and_then(|it| tls::days_left(it.first()?));
    progress.certificate_days = days;
    match (days, request.min_certificate_days) {
        (Some(days), Some(least)) if days < i64::from(least) => Err(Fault::ExpiresSoon {
            host: host.to_owned(),
            days,
            least,
        }),
        _ => Ok(Box::new(stream)),
    }
}

/// Why no connection of TLS came about.
fn of_handshake(err: &io::Error, uri: &Uri, host: &str, progress: &mut Progress) -> Fault {
    match err.get_ref().and_then(|it| it.downcast_ref()) {
        Some(rustls::Error::InvalidCertificate(wrong)) => {
            let (what, days) = tls::in_words(wrong);
            progress.certificate_days = days;
            Fault::Certificate {
                host: host.to_owned(),
                what,
            }
        }
        Some(other) => Fault::Tls {
            to: server(uri),
            reason: other.to_string(),
        },
        None => Fault::Broken {
            to: server(uri),
            step: Step::Securing,
            reason: err.to_string(),
        },
    }
}
