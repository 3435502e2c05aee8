//! Servers whose users have credentials: a token that their account has signed, and a key of their own.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::nats::Server;
use nkeys::KeyPair;
use serde_json::{Value, json};

use super::{is_not_let_in, said, works_for};
use crate::{Place, shown};

/// What `subject` is by the word of `issuer`, in the form that servers of NATS read.
fn signed(issuer: &KeyPair, subject: &KeyPair, name: &str, is: &Value) -> String {
    let header = json!({ "typ": "JWT", "alg": "ed25519-nkey" });
    let claims = json!({
        "jti": name,
        "iat": 1_700_000_000,
        "iss": issuer.public_key(),
        "name": name,
        "sub": subject.public_key(),
        "nats": is,
    });
    let part = |of: &Value| URL_SAFE_NO_PAD.encode(of.to_string());
    let text = format!("{}.{}", part(&header), part(&claims));
    let signature = issuer.sign(text.as_bytes()).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// An account whose streams have so much room; -1 is any.
fn account(room: i64) -> Value {
    let any = [
        "subs", "data", "payload", "imports", "exports", "conn", "leaf",
    ];
    let of_streams = ["mem_storage", "disk_storage", "streams", "consumer"];
    let limits = any.iter().map(|name| (name, -1));
    let limits = limits.chain(of_streams.iter().map(|name| (name, room)));
    let mut limits: Value = limits
        .map(|(name, limit)| ((*name).to_owned(), json!(limit)))
        .collect();
    limits["wildcards"] = json!(true);
    json!({ "type": "account", "version": 2, "limits": limits })
}

/// The file of a user, as `nsc` writes it.
fn credentials(account: &KeyPair, name: &str) -> String {
    let user = KeyPair::new_user();
    let is = json!({ "type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1 });
    let token = signed(account, &user, name, &is);
    format!(
        "-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
        user.seed().unwrap()
    )
}

#[test]
fn a_user_with_credentials_is_let_in_and_one_of_an_account_that_the_server_does_not_know_is_not() {
    let place = Place::with(&["subprocess"]);
    let directory = place.directory.path();
    let operator = KeyPair::new_operator();
    let (ours, own) = (KeyPair::new_account(), KeyPair::new_account());
    let is = json!({ "type": "operator", "version": 2 });
    let config = format!(
        "operator: {}\nsystem_account: {}\nresolver: MEMORY\nresolver_preload: {{ {}: {}, {}: {} }}\n",
        signed(&operator, &operator, "operator", &is),
        own.public_key(),
        own.public_key(),
        signed(&operator, &own, "own", &account(0)),
        ours.public_key(),
        signed(&operator, &ours, "ours", &account(-1)),
    );
    let write = |name: &str, text: &str| {
        let file = directory.join(name);
        fs::write(&file, text).unwrap();
        shown(file)
    };
    let config = write("server.conf", &config);
    let good = write("good.creds", &credentials(&ours, "host"));
    let unknown = write(
        "unknown.creds",
        &credentials(&KeyPair::new_account(), "host"),
    );
    let none = write("none.creds", "not such a file");
    let Some(server) = Server::start(&["-c", &config]) else {
        return;
    };
    let url = server.url();
    let with =
        |file: &str, words: &[&str]| said(&url, &[words, &["--queue-credentials", file]].concat());
    works_for(&place, &url, &["--queue-credentials", &good]);
    is_not_let_in(&url, with(&unknown, &["tasks"]));
    is_not_let_in(&url, said(&url, &["tasks"]));
    let (code, _, stderr) = with(&none, &["tasks"]);
    assert_eq!(code, 2);
    let refused =
        format!("error: the queue at {url} is not reached: {none}: is no file of credentials: ");
    assert!(stderr.starts_with(&refused), "{stderr}");
}
