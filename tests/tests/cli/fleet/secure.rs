//! Servers that ask who comes, and speak TLS.

use e2e::nats::Server;

use super::{is_not_let_in, said, works_for};
use crate::serve::tls::Authority;
use crate::{Place, shown};

#[test]
fn a_queue_behind_tls_and_certificates_is_used_by_who_has_one_and_refuses_others_with_the_reason() {
    let place = Place::with(&["subprocess"]);
    let directory = place.directory.path();
    let authority = Authority::new();
    let ca = shown(authority.file(directory));
    let of = |name: &str| {
        let (certificate, key) = authority.sign(directory, name);
        (shown(certificate), shown(key))
    };
    let (certificate, key) = of("server");
    let words = [
        "--tls",
        "--tlscert",
        &certificate,
        "--tlskey",
        &key,
        "--tlsverify",
        "--tlscacert",
        &ca,
    ];
    let Some(server) = Server::start(&words) else {
        return;
    };
    let url = server.url().replace("nats://", "tls://");
    let (certificate, key) = of("client");
    let ours = [
        "--queue-ca",
        &ca,
        "--queue-cert",
        &certificate,
        "--queue-key",
        &key,
    ];
    works_for(&place, &url, &ours);

    // Nobody, and somebody who trusts nobody.
    let (code, _, stderr) = said(&url, &["tasks", "--queue-ca", &ca]);
    assert_eq!(code, 2);
    let refused = format!("error: the queue at {url} is not reached: ");
    assert!(stderr.starts_with(&refused), "{stderr}");
    let (code, _, stderr) = said(&url, &["tasks"]);
    assert_eq!(code, 2);
    assert!(
        stderr.starts_with(&refused) && stderr.contains("certificate"),
        "{stderr}"
    );
}

#[test]
fn a_queue_that_asks_for_a_token_takes_the_one_of_the_file_and_no_other() {
    let place = Place::with(&["subprocess"]);
    let Some(server) = Server::start(&["--auth", "a-token-of-tests"]) else {
        return;
    };
    let url = server.url();
    let good = place.directory.path().join("good");
    std::fs::write(&good, "a-token-of-tests\n").unwrap();
    let bad = place.directory.path().join("bad");
    std::fs::write(&bad, "another").unwrap();
    let (good, bad) = (shown(good), shown(bad));
    let token =
        |file: &str, words: &[&str]| said(&url, &[words, &["--queue-token-file", file]].concat());
    works_for(&place, &url, &["--queue-token-file", &good]);
    is_not_let_in(&url, token(&bad, &["tasks"]));
    is_not_let_in(&url, said(&url, &["tasks"]));
    let (code, _, stderr) = token("no-such-file", &["tasks"]);
    assert_eq!(code, 2);
    assert_eq!(
        stderr,
        format!(
            "error: the queue at {url} is not reached: no-such-file: No such file or directory (os error 2)\n"
        )
    );
}
