//! The files that a task names: roots, certificates, keys.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use solti_plugin_abi::WrongSpec;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::Config;

/// The longest file that is read: all roots of a system are some 200 kB.
const MAX_BYTES: u64 = 4 << 20;

/// Whom a task trusts.
pub(super) fn roots(path: &Path, field: &str, config: &Config) -> Result<RootCertStore, WrongSpec> {
    let mut roots = RootCertStore::empty();
    for certificate in chain(path, field, config)? {
        roots.add(certificate).map_err(|err| {
            WrongSpec::new(
                field,
                format!("{path:?} has a certificate that is none of a root: {err}"),
            )
        })?;
    }
    Ok(roots)
}

/// The certificates of a file, at least one.
pub(super) fn chain(
    path: &Path,
    field: &str,
    config: &Config,
) -> Result<Vec<CertificateDer<'static>>, WrongSpec> {
    let pem = read(path, field, config)?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match read {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(WrongSpec::new(
            field,
            format!("{path:?} has no certificate in PEM"),
        )),
        Err(err) => Err(WrongSpec::new(field, format!("{path:?} is no PEM: {err}"))),
    }
}

/// The key of a file.
pub(super) fn key(
    path: &Path,
    field: &str,
    config: &Config,
) -> Result<PrivateKeyDer<'static>, WrongSpec> {
    let pem = read(path, field, config)?;
    PrivateKeyDer::from_pem_slice(&pem)
        .map_err(|err| WrongSpec::new(field, format!("{path:?} has no private key in PEM: {err}")))
}

/// Reads a file that a task may name: otherwise every file of the host would be its client's.
fn read(path: &Path, field: &str, config: &Config) -> Result<Vec<u8>, WrongSpec> {
    let wrong = |what: String| WrongSpec::new(field, what);
    let real = fs::canonicalize(path).map_err(|err| wrong(format!("{path:?}: {err}")))?;
    let may_be_read = config.files.iter().any(|directory| {
        fs::canonicalize(directory).is_ok_and(|directory| real.starts_with(directory))
    });
    if !path.is_absolute() || !may_be_read {
        return Err(wrong(format!(
            "{path:?} is in no directory that config.files of the plugin names"
        )));
    }
    let mut bytes = Vec::new();
    File::open(&real)
        .and_then(|file| {
            // A pipe would be waited for.
            if !file.metadata()?.is_file() {
                return Err(std::io::Error::other("is no file"));
            }
            file.take(MAX_BYTES + 1).read_to_end(&mut bytes)
        })
        .map_err(|err| wrong(format!("{path:?}: {err}")))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(wrong(format!("{path:?} has more than {MAX_BYTES} bytes")));
    }
    Ok(bytes)
}
