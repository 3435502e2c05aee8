//! A server whose every answer is in the test's hands, with TLS or without.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// What becomes of a request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// These bytes, then the end of the connection.
    Bytes(String),
    /// A body of so many lines of 64 bytes each.
    Lines(u64),
    /// These bytes, and then nothing for as long as the client waits.
    Hang(String),
}

/// An answer with a status line, more headers and a body.
pub(crate) fn reply(status: &str, headers: &str, body: &str) -> Reply {
    let length = body.len();
    Reply::Bytes(format!(
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    ))
}

/// A server, until it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    /// How many connections have ended.
    ended: Arc<Mutex<usize>>,
    _running: JoinSet<()>,
}

impl Server {
    /// One without TLS.
    pub(crate) async fn plain(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(None, answer).await
    }

    /// One with TLS.
    pub(crate) async fn secure(
        tls: ServerConfig,
        answer: impl Fn(&str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::start(Some(TlsAcceptor::from(Arc::new(tls))), answer).await
    }

    async fn start(
        tls: Option<TlsAcceptor>,
        answer: impl Fn(&str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, ended) = (
            Arc::<Mutex<Vec<_>>>::default(),
            Arc::<Mutex<usize>>::default(),
        );
        let answer = Arc::new(answer);
        let mut running = JoinSet::new();
        let (all, over) = (Arc::clone(&asked), Arc::clone(&ended));
        running.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (tls, answer) = (tls.clone(), Arc::clone(&answer));
                let (all, over) = (Arc::clone(&all), Arc::clone(&over));
                connections.spawn(async move {
                    match tls {
                        None => serve(stream, &*answer, &all).await,
                        Some(tls) => {
                            // A client that does not trust it goes away.
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, &*answer, &all).await;
                            }
                        }
                    }
                    *over.lock().unwrap() += 1;
                });
            }
        });
        Self {
            address,
            asked,
            ended,
            _running: running,
        }
    }

    /// The URL of a path, by a name that resolves to the server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The same over TLS.
    pub(crate) fn secure_url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }

    /// The heads and bodies of all requests.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// How many connections have ended.
    pub(crate) fn ended(&self) -> usize {
        *self.ended.lock().unwrap()
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    answer: &(dyn Fn(&str) -> Reply + Send + Sync),
    all: &Mutex<Vec<String>>,
) {
    let Some(request) = request(&mut stream).await else {
        return;
    };
    all.lock().unwrap().push(request.clone());
    match answer(&request) {
        Reply::Bytes(bytes) => {
            let _ = stream.write_all(bytes.as_bytes()).await;
        }
        Reply::Lines(lines) => {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", lines * 64);
            let block = format!("{}\n", "x".repeat(63)).repeat(1024);
            let mut left = lines * 64;
            let mut sent = stream.write_all(head.as_bytes()).await;
            while left > 0 && sent.is_ok() {
                let part = &block.as_bytes()[..block.len().min(left as usize)];
                left -= part.len() as u64;
                sent = stream.write_all(part).await;
            }
        }
        Reply::Hang(bytes) => {
            let _ = stream.write_all(bytes.as_bytes()).await;
            let _ = stream.flush().await;
            // Ends when the client does.
            let _ = stream.read(&mut [0]).await;
        }
    }
    let _ = stream.shutdown().await;
}

/// The head of a request and its body, by its length.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        // A client that wants TLS waits for an answer to this.
        if bytes[0] == 0x16 {
            return Some("TLS".to_owned());
        }
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(text.into_owned());
            }
        }
    }
}

/// Who signs certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// Until when a certificate is valid.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// The year 2020.
    Past,
    /// So many days from now, and some hours.
    Days(i64),
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap());
        Self(issuer.unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a name, and its key, both in PEM.
    pub(crate) fn sign(&self, name: &str, until: Until) -> (String, String) {
        let (certificate, key) = self.signed(name, until);
        (certificate.pem(), key.serialize_pem())
    }

    fn signed(&self, name: &str, until: Until) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = match until {
            Until::Past => date_time_ymd(2020, 1, 1),
            Until::Days(days) => {
                let now = std::time::SystemTime::now();
                let hours = u64::try_from(days).unwrap() * 24 + 12;
                (now + std::time::Duration::from_secs(hours * 3600)).into()
            }
        };
        (params.signed_by(&key, &self.0).unwrap(), key)
    }

    /// A server with a certificate of this name; it asks for one of the client's where `clients` says so.
    pub(crate) fn server(&self, name: &str, until: Until, clients: bool) -> ServerConfig {
        let (certificate, key) = self.signed(name, until);
        let chain = vec![certificate.der().clone()];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let builder = ServerConfig::builder();
        let builder = if clients {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::clone(self.0.der())).unwrap();
            let verifier = WebPkiClientVerifier::builder(Arc::new(roots))
                .build()
                .unwrap();
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        builder.with_single_cert(chain, key).unwrap()
    }
}
