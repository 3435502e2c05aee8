//! Whom the client trusts, who it is, and what is wrong with a certificate.

mod files;

use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use solti_plugin_abi::WrongSpec;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{CertificateError, ClientConfig, RootCertStore};
use x509_parser::parse_x509_certificate;

use crate::config::Config;
use crate::fault::Fault;
use crate::spec::{ClientCertificate, Place};

/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// What a task's own files make of the client; `None` where it has none.
///
/// # Errors
///
/// The field of the file that cannot be used.
pub(crate) fn of_task(
    ca: Option<&std::path::Path>,
    client: Option<&ClientCertificate>,
    place: Place,
    config: &Config,
) -> Result<Option<Arc<ClientConfig>>, WrongSpec> {
    if ca.is_none() && client.is_none() {
        return Ok(None);
    }
    let field = place.of("caFile");
    let roots = match ca {
        Some(path) => files::roots(path, &field, config)?,
        None => system_roots().map_err(|fault| WrongSpec::new(field, fault.to_string()))?,
    };
    let builder = builder(roots);
    let made = match client {
        None => builder.with_no_client_auth(),
        Some(client) => {
            let field = |name: &str| place.of(&format!("clientCertificate.{name}"));
            let chain = files::chain(&client.certificate, &field("certificate"), config)?;
            let key = files::key(&client.key, &field("key"), config)?;
            builder.with_client_auth_cert(chain, key).map_err(|err| {
                WrongSpec::new(
                    field("key"),
                    format!("does not go with the certificate: {err}"),
                )
            })?
        }
    };
    Ok(Some(Arc::new(made)))
}

/// The client that trusts whom the system trusts, made once. Blocks while it reads files.
///
/// # Errors
///
/// [`Fault::NoRoots`] where the system trusts nobody.
pub(crate) fn of_system() -> Result<Arc<ClientConfig>, Fault> {
    static SYSTEM: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(made) = SYSTEM.get() {
        return Ok(Arc::clone(made));
    }
    // What is not there now may be installed later.
    let made = Arc::new(builder(system_roots()?).with_no_client_auth());
    Ok(Arc::clone(SYSTEM.get_or_init(|| made)))
}

fn system_roots() -> Result<RootCertStore, Fault> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let reason = found.errors.first().map_or_else(
            || "none was found where systems keep them".to_owned(),
            ToString::to_string,
        );
        return Err(Fault::NoRoots { reason });
    }
    Ok(roots)
}

type Builder = tokio_rustls::rustls::ConfigBuilder<
    ClientConfig,
    tokio_rustls::rustls::client::WantsClientCert,
>;

fn builder(roots: RootCertStore) -> Builder {
    // By name: a process may have another default, and a plugin does not choose one for it.
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has cipher suites for the versions that are the default")
        .with_root_certificates(roots)
}

/// How many more days a certificate is valid, negative where it is not any more; `None` where it is none.
pub(crate) fn days_left(certificate: &CertificateDer<'_>) -> Option<i64> {
    let (_, certificate) = parse_x509_certificate(certificate).ok()?;
    let until = certificate.validity().not_after.timestamp();
    Some((until - now()).div_euclid(DAY))
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

/// What is wrong with a certificate, as the end of a sentence, and how many days it has left, where that is
/// it.
pub(crate) fn in_words(err: &CertificateError) -> (String, Option<i64>) {
    use CertificateError::{
        ExpiredContext, NotValidForNameContext, NotValidYetContext, UnknownIssuer,
    };
    match err {
        ExpiredContext { time, not_after } => {
            let ago = time.as_secs().saturating_sub(not_after.as_secs());
            let days = i64::try_from(ago).unwrap_or(i64::MAX) / DAY;
            let text = match days {
                0 => "has expired within the last day".to_owned(),
                1 => "expired 1 day ago".to_owned(),
                days => format!("expired {days} days ago"),
            };
            (text, Some(-days - 1))
        }
        NotValidYetContext { .. } => ("is not valid yet; is the clock right?".to_owned(), None),
        NotValidForNameContext { presented, .. } => {
            let names: Vec<_> = presented.iter().map(|name| name_of(name)).collect();
            let names = match names.as_slice() {
                [] => "no name".to_owned(),
                names => names.join(", "),
            };
            (format!("is for another host: it names {names}"), None)
        }
        UnknownIssuer => {
            let text = "comes from nobody who is trusted; caFile names whom a task trusts";
            (text.to_owned(), None)
        }
        other => (format!("is not accepted: {other}"), None),
    }
}

/// The name in `DnsName("a.example")`, as rustls writes those that a certificate has.
fn name_of(presented: &str) -> &str {
    let quoted = presented
        .split_once('"')
        .and_then(|(_, rest)| rest.rsplit_once('"'));
    quoted.map_or(presented, |(name, _)| name)
}
