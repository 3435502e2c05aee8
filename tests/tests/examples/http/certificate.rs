//! Servers whose certificates are right, wrong, or right for a few days more.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::server::{Authority, Server, Until, reply};
use super::{check, configured, fatal, refused, run};
use crate::support::Host;

/// An authority, and a directory that tasks may name files of.
struct Files {
    authority: Authority,
    directory: TempDir,
}

impl Files {
    fn new() -> Self {
        let files = Self {
            authority: Authority::new(),
            directory: tempfile::tempdir().unwrap(),
        };
        files.write("ca.pem", &files.authority.pem());
        files
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn host(&self) -> Host {
        configured(&format!("files = [{:?}]", self.directory.path()))
    }

    async fn server(&self, name: &str, until: Until, clients: bool) -> Server {
        let tls = self.authority.server(name, until, clients);
        Server::secure(tls, |_| reply("200 OK", "", "safe")).await
    }

    /// Fields that trust the authority, with more.
    fn trusting(&self, mut more: Value) -> Value {
        more["caFile"] = path(&self.directory.path().join("ca.pem"));
        more
    }
}

fn path(path: &Path) -> Value {
    path.to_str().unwrap().into()
}

#[tokio::test]
async fn a_server_that_is_trusted_answers_and_the_outcome_says_for_how_long_it_is() {
    let files = Files::new();
    let host = files.host();
    let server = files.server("localhost", Until::Days(20), false).await;
    let url = server.secure_url("/");
    let fields = files.trusting(json!({ "minCertificateDays": 20 }));
    let (end, details) = run(&host, &check(&url, fields)).await;
    end.unwrap();
    assert_eq!(details["certificateDays"], 20);
    assert!(
        details["tlsMs"].as_f64().is_some_and(|ms| ms > 0.0),
        "{details:?}"
    );

    let fields = files.trusting(json!({ "minCertificateDays": 21 }));
    let (end, details) = run(&host, &check(&url, fields)).await;
    assert_eq!(
        fatal(end),
        "the certificate of localhost is valid for 20 more days, expected at least 21"
    );
    assert_eq!(details["certificateDays"], 20);
}

#[tokio::test]
async fn a_certificate_that_is_wrong_ends_the_task_and_nothing_is_sent() {
    let files = Files::new();
    let host = files.host();
    let wrong = async |server: &Server, fields: Value| {
        let (end, details) = run(&host, &check(&server.secure_url("/"), fields)).await;
        assert!(server.asked().is_empty(), "{:?}", server.asked());
        (fatal(end), details)
    };
    let expired = files.server("localhost", Until::Past, false).await;
    let (said, details) = wrong(&expired, files.trusting(json!({}))).await;
    assert!(
        said.starts_with("the certificate of localhost expired "),
        "{said}"
    );
    assert!(
        details["certificateDays"]
            .as_i64()
            .is_some_and(|days| days < -365)
    );

    let other = files.server("a.example", Until::Days(9), false).await;
    let (said, _) = wrong(&other, files.trusting(json!({}))).await;
    assert_eq!(
        said,
        "the certificate of localhost is for another host: it names a.example"
    );

    let stranger = Files::new()
        .server("localhost", Until::Days(9), false)
        .await;
    let (said, _) = wrong(&stranger, files.trusting(json!({}))).await;
    assert!(said.starts_with("the certificate of localhost "), "{said}");
}

#[tokio::test]
async fn a_client_has_its_own_certificate_where_a_server_asks_for_one() {
    let files = Files::new();
    let host = files.host();
    let server = files.server("localhost", Until::Days(9), true).await;
    let (certificate, key) = files.authority.sign("client", Until::Days(9));
    let own = json!({ "clientCertificate": {
        "certificate": path(&files.write("client.pem", &certificate)),
        "key": path(&files.write("client.key", &key)),
    }});
    let (end, _) = run(&host, &check(&server.secure_url("/"), files.trusting(own))).await;
    end.unwrap();
    let (end, _) = run(
        &host,
        &check(&server.secure_url("/"), files.trusting(json!({}))),
    )
    .await;
    let port = server.address.port();
    assert_eq!(
        fatal(end),
        format!("no TLS with localhost:{port}: the server ended it: CertificateRequired")
    );
}

#[tokio::test]
async fn a_file_of_a_task_that_is_none_is_refused_when_the_task_is_built() {
    let files = Files::new();
    let host = files.host();
    let refusal = |fields: Value| refused(&host, &check("https://localhost/", fields)).0;
    let none = files.write("none.pem", "no certificate\n");
    assert_eq!(
        refusal(json!({ "caFile": path(&none) })),
        format!("invalid specification: spec.caFile: {none:?} has no certificate in PEM")
    );
    let (certificate, _) = files.authority.sign("client", Until::Days(9));
    let (_, key) = files.authority.sign("client", Until::Days(9));
    let own = json!({ "clientCertificate": {
        "certificate": path(&files.write("client.pem", &certificate)),
        "key": path(&files.write("client.key", &key)),
    }});
    let said = refusal(files.trusting(own));
    let field = "invalid specification: spec.clientCertificate.key: ";
    assert!(
        said.starts_with(&format!("{field}does not go with the certificate: ")),
        "{said}"
    );

    let outside = tempfile::tempdir().unwrap();
    let linked = files.directory.path().join("linked.pem");
    fs::write(outside.path().join("secret"), "secret").unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret"), &linked).unwrap();
    assert_eq!(
        refusal(json!({ "caFile": path(&linked) })),
        format!(
            "invalid specification: spec.caFile: {linked:?} is in no directory that config.files of \
             the plugin names"
        )
    );
}
