//! TLS for what comes over TCP, with certificates that are renewed while the service runs.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use thiserror::Error;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tracing::{info, warn};

use crate::config::TlsFiles;
use crate::renewed::Seen;

/// How often it is looked whether a file is another one.
const LOOK: Duration = Duration::from_secs(1);

/// What is spoken behind TLS.
const HTTP: &[u8] = b"http/1.1";
const GRPC: &[u8] = b"h2";

/// Why TLS cannot be spoken.
#[derive(Debug, Error)]
#[error("{field}: {}: {reason}", path.display())]
pub(crate) struct TlsError {
    field: &'static str,
    path: PathBuf,
    reason: String,
}

/// What speaks TLS.
pub(crate) struct Tls {
    files: TlsFiles,
    now: Mutex<Now>,
}

struct Now {
    http: Arc<ServerConfig>,
    grpc: Arc<ServerConfig>,
    seen: Vec<Seen>,
    looked: Instant,
}

impl Tls {
    /// Reads certificates and key.
    pub(crate) fn open(files: &TlsFiles) -> Result<Self, TlsError> {
        Ok(Self {
            files: files.clone(),
            now: Mutex::new(Now::read(files)?),
        })
    }

    /// What takes the next connection. Files that are others now are read again; where they cannot be used,
    /// those before stay.
    pub(crate) fn acceptor(&self, is_grpc: bool) -> TlsAcceptor {
        let mut now = self.now.lock();
        if now.looked.elapsed() >= LOOK {
            now.looked = Instant::now();
            let seen = seen_of(&self.files);
            if seen != now.seen {
                now.seen = seen;
                match Now::read(&self.files) {
                    Ok(read) => {
                        *now = read;
                        info!("the certificates were read again");
                    }
                    Err(err) => warn!("{err}; the certificates before stay"),
                }
            }
        }
        let config = if is_grpc { &now.grpc } else { &now.http };
        TlsAcceptor::from(Arc::clone(config))
    }
}

impl Now {
    fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let seen = seen_of(files);
        let config = |alpn: &[u8]| {
            let mut config = config_of(files)?;
            config.alpn_protocols = vec![alpn.to_vec()];
            Ok(Arc::new(config))
        };
        Ok(Self {
            http: config(HTTP)?,
            grpc: config(GRPC)?,
            seen,
            looked: Instant::now(),
        })
    }
}

fn config_of(files: &TlsFiles) -> Result<ServerConfig, TlsError> {
    let certificates = certificates("tls.certificate", &files.certificate)?;
    let unusable = |field, path: &Path, err: &dyn std::fmt::Display| TlsError {
        field,
        path: path.to_owned(),
        reason: err.to_string(),
    };
    let of_key = |err: &dyn std::fmt::Display| unusable("tls.key", &files.key, err);
    let mode = fs::metadata(&files.key).map_err(|err| of_key(&err))?.mode() & 0o777;
    if mode & 0o007 != 0 {
        return Err(of_key(&format_args!(
            "has mode {mode:04o}, expected 0600: others could read it; run `chmod 600` on it"
        )));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|err| of_key(&err))?;
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|err| of_key(&err))?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let of_ca = |err: &dyn std::fmt::Display| unusable("tls.client_ca", path, err);
            let mut roots = RootCertStore::empty();
            for authority in self::certificates("tls.client_ca", path)? {
                roots.add(authority).map_err(|err| of_ca(&err))?;
            }
            let provider = Arc::new(ring::default_provider());
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().map_err(|err| of_ca(&err))?)
        }
    };
    builder.with_single_cert(certificates, key).map_err(|err| {
        of_key(&format_args!(
            "does not go with {}: {err}",
            files.certificate.display()
        ))
    })
}

fn certificates(
    field: &'static str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unusable = |reason: String| TlsError {
        field,
        path: path.to_owned(),
        reason,
    };
    let found = CertificateDer::pem_file_iter(path).map_err(|err| unusable(err.to_string()))?;
    let found: Vec<_> = found
        .collect::<Result<_, _>>()
        .map_err(|err| unusable(err.to_string()))?;
    if found.is_empty() {
        return Err(unusable("has no certificate, expected PEM".to_owned()));
    }
    Ok(found)
}

fn seen_of(files: &TlsFiles) -> Vec<Seen> {
    let all = [&files.certificate, &files.key]
        .into_iter()
        .chain(&files.client_ca);
    all.map(|path| Seen::of(path)).collect()
}
