//! TLS towards a service.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::error::ClientError;

/// Whom to trust, and who one is. The files are PEM.
#[derive(Debug, Clone, Default)]
pub struct TlsFiles {
    /// The authorities that may vouch for the service; those of the system where it is left out.
    pub ca: Option<PathBuf>,
    /// The client's own certificate and its key, for a service that asks for one.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// What speaks TLS.
pub(crate) fn config(files: &TlsFiles) -> Result<Arc<ClientConfig>, ClientError> {
    let mut roots = RootCertStore::empty();
    match &files.ca {
        Some(path) => {
            for authority in certificates("--ca", path)? {
                roots
                    .add(authority)
                    .map_err(|err| unusable("--ca", path, &err))?;
            }
        }
        // What of them cannot be used vouches for nobody.
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|err| unusable("--ca", Path::new("TLS"), &err))?
        .with_root_certificates(roots);
    let mut config = match &files.identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = certificates("--cert", certificate)?;
            let of_key = |err: &dyn std::fmt::Display| unusable("--key", key, err);
            let private = PrivateKeyDer::from_pem_file(key).map_err(|err| of_key(&err))?;
            builder
                .with_client_auth_cert(chain, private)
                .map_err(|err| of_key(&err))?
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn certificates(
    what: &'static str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, ClientError> {
    let found = CertificateDer::pem_file_iter(path).map_err(|err| unusable(what, path, &err))?;
    let found: Vec<_> = found
        .collect::<Result<_, _>>()
        .map_err(|err| unusable(what, path, &err))?;
    if found.is_empty() {
        return Err(unusable(what, path, &"has no certificate, expected PEM"));
    }
    Ok(found)
}

fn unusable(what: &'static str, path: &Path, reason: &dyn std::fmt::Display) -> ClientError {
    ClientError::File {
        what,
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}
