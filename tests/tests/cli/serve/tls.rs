//! TLS, certificates of clients, and what tokens let their holders do.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::{Serving, settings, state_of};
use crate::{Place, SOON, end, shell};

/// Who signs certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap());
        Self(issuer.unwrap())
    }

    /// A certificate and its key, in files of this name.
    pub(crate) fn sign(&self, directory: &Path, name: &str) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let signed: Certificate = params.signed_by(&key, &self.0).unwrap();
        let at = |end: &str| directory.join(format!("{name}.{end}"));
        write(&at("crt"), &signed.pem());
        write(&at("key"), &key.serialize_pem());
        (at("crt"), at("key"))
    }

    pub(crate) fn file(&self, directory: &Path) -> PathBuf {
        let path = directory.join("ca.crt");
        write(&path, &self.0.pem());
        path
    }
}

/// Puts a file in its place at once, for this user alone.
fn write(path: &Path, text: &str) {
    let unfinished = path.with_extension("part");
    fs::write(&unfinished, text).unwrap();
    fs::set_permissions(&unfinished, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(unfinished, path).unwrap();
}

/// A client that trusts an authority, with a certificate of its own perhaps.
fn client(ca: &Path, own: Option<&(PathBuf, PathBuf)>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(ca).unwrap())
        .unwrap();
    let builder = ClientConfig::builder().with_root_certificates(roots);
    Arc::new(match own {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = vec![CertificateDer::from_pem_file(certificate).unwrap()];
            let key = PrivateKeyDer::from_pem_file(key).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    })
}

/// The status of an answer over TLS, and its body.
fn get(
    address: SocketAddr,
    config: &Arc<ClientConfig>,
    path: &str,
    token: &str,
) -> io::Result<(u16, String)> {
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connection = ClientConnection::new(Arc::clone(config), name).unwrap();
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(SOON))?;
    let mut stream = StreamOwned::new(connection, stream);
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).and_then(|it| it.parse().ok());
    Ok((status.unwrap_or(0), answer))
}

fn token_of(place: &Place) -> String {
    let token = fs::read_to_string(state_of(place).join("token")).unwrap();
    token.trim().to_owned()
}

#[test]
fn over_tls_only_a_client_with_a_certificate_is_served_and_renewed_files_are_taken_up() {
    let place = Place::with(&["subprocess"]);
    let directory = place.directory.path();
    let (authority, others) = (Authority::new(), Authority::new());
    let (certificate, key) = authority.sign(directory, "server");
    let ca = authority.file(directory);
    let own = authority.sign(directory, "client");
    let foreign = others.sign(directory, "foreign");
    let settings = settings(
        &place,
        &format!(
            "listen = ['127.0.0.1:0']\n[tls]\ncertificate = {certificate:?}\nkey = {key:?}\nclient_ca = {ca:?}\n"
        ),
    );
    let serving = Serving::start(&place, &["--config", &settings]);
    let address = serving.address("https");
    let token = token_of(&place);
    let known = client(&ca, Some(&own));
    assert_eq!(get(address, &known, "/v1/tasks", &token).unwrap().0, 200);
    assert_eq!(get(address, &known, "/v1/tasks", "wrong").unwrap().0, 401);
    for config in [client(&ca, None), client(&ca, Some(&foreign))] {
        let refused = get(address, &config, "/v1/tasks", &token);
        assert!(refused.is_err(), "{refused:?}");
    }
    // Without TLS nothing is answered.
    let mut plain = TcpStream::connect(address).unwrap();
    plain.set_read_timeout(Some(SOON)).unwrap();
    plain
        .write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    // A renewed pair is that of the next connection; a broken one changes nothing.
    write(&certificate, "no certificate");
    std::thread::sleep(Duration::from_millis(1200));
    assert_eq!(get(address, &known, "/v1/tasks", &token).unwrap().0, 200);
    let renewed = Authority::new();
    renewed.sign(directory, "server");
    let trusts_renewed = directory.join("renewed.crt");
    write(&trusts_renewed, &renewed.0.pem());
    let trusting = client(&trusts_renewed, Some(&own));
    let began = Instant::now();
    while !matches!(get(address, &trusting, "/v1/tasks", &token), Ok((200, _))) {
        assert!(began.elapsed() < SOON);
        std::thread::sleep(Duration::from_millis(50));
    }
    let (_, stderr) = serving.terminate();
    assert!(stderr.contains("the certificates before stay"), "{stderr}");
}

#[test]
fn what_is_wrong_with_certificates_is_said_before_anything_is_served() {
    let place = Place::with(&["subprocess"]);
    let directory = place.directory.path();
    let authority = Authority::new();
    let (certificate, key) = authority.sign(directory, "server");
    let (_, other) = authority.sign(directory, "other");
    let nothing = directory.join("nothing");
    let open = directory.join("open.key");
    fs::copy(&key, &open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
    let empty = directory.join("empty");
    write(&empty, "");
    for (certificate, key, expected) in [
        (
            &nothing,
            &key,
            format!("tls.certificate: {}: ", nothing.display()),
        ),
        (
            &empty,
            &key,
            format!(
                "tls.certificate: {}: has no certificate, expected PEM",
                empty.display()
            ),
        ),
        (
            &certificate,
            &open,
            format!(
                "tls.key: {}: has mode 0644, expected 0600: others could read it; run `chmod 600` on it",
                open.display()
            ),
        ),
        (
            &certificate,
            &other,
            format!(
                "tls.key: {}: does not go with {}: ",
                other.display(),
                certificate.display()
            ),
        ),
    ] {
        let settings = settings(
            &place,
            &format!(
                "listen = ['127.0.0.1:0']\n[tls]\ncertificate = {certificate:?}\nkey = {key:?}\n"
            ),
        );
        let state = state_of(&place);
        let ended = end(place
            .command("serve", &["--config", &settings])
            .arg("--state")
            .arg(state));
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(
            ended.stderr.contains(&expected),
            "{expected}: {}",
            ended.stderr
        );
    }
}

#[test]
fn a_token_lets_its_holder_do_what_its_role_says_and_changes_without_a_restart() {
    let place = Place::with(&["subprocess"]);
    let directory = place.directory.path();
    let at = |name: &str| directory.join(name);
    write(&at("read"), "reader-reader-reader");
    write(&at("submit"), "submit-submit-submit");
    let settings = settings(
        &place,
        &format!(
            "listen = ['127.0.0.1:0']\n[[tokens]]\nfile = {:?}\nrole = 'read'\n[[tokens]]\nfile = {:?}\nrole = 'submit'\n",
            at("read"),
            at("submit")
        ),
    );
    let serving = Serving::start(&place, &["--config", &settings]);
    let client = e2e::http::Client::Tcp(serving.address("http"));
    let admin = token_of(&place);
    let ask = |method: &str, path: &str, token: &str, body: &Value| {
        let bearer = format!("Bearer {token}");
        let body = body.to_string();
        client.send(method, path, &[("authorization", &bearer)], body.as_bytes())
    };
    let spec = shell("a", "true");
    let (read, submit) = ("reader-reader-reader", "submit-submit-submit");
    for (method, path, token, expected) in [
        ("GET", "/v1/tasks", read, 200),
        ("GET", "/v1/plugins", read, 200),
        ("POST", "/v1/tasks", read, 403),
        ("POST", "/v1/tasks", submit, 201),
        ("POST", "/v1/plugins/reload", submit, 403),
        ("POST", "/v1/plugins/reload", &*admin, 200),
        ("POST", "/v1/tasks", &*admin, 201),
        ("GET", "/v1/tasks", "nobody-nobody-nobody", 401),
    ] {
        let answer = ask(method, path, token, &spec);
        assert_eq!(
            answer.status,
            expected,
            "{method} {path} {token}: {}",
            answer.text()
        );
    }
    assert_eq!(
        ask("POST", "/v1/tasks", read, &spec).error(),
        (
            403,
            "role_not_enough".to_owned(),
            "the token's role is read, and POST of this needs submit: use another token".to_owned()
        )
    );
    write(&at("read"), "reader-reader-second");
    let began = Instant::now();
    while ask("GET", "/v1/tasks", read, &json!(null)).status != 401 {
        assert!(began.elapsed() < SOON);
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(
        ask("GET", "/v1/tasks", "reader-reader-second", &json!(null)).status,
        200
    );
}
