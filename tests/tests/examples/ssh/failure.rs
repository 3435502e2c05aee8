//! Connections that do not come about: the message says whom, what was found and what to do.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;

use e2e::Sshd;
use serde_json::{Value, json};
use taskvisor::TaskError;

use super::{Place, host, task};
use crate::support::SOON;
use crate::{failed, fatal};

/// The fingerprint of a key of the server's directory.
fn fingerprint(sshd: &Sshd, key: &str) -> String {
    let file = sshd.file(key);
    let shown = Command::new("ssh-keygen")
        .arg("-lf")
        .arg(file)
        .output()
        .unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    shown.split(' ').nth(1).unwrap().to_owned()
}

/// As whom the tests ask.
fn whom(place: &Place) -> String {
    format!("{}@127.0.0.1 port {}", e2e::sshd::user(), place.sshd.port)
}

/// The end of an attempt, and what its outcome calls the reason.
async fn end(place: &Place, fields: Value) -> (Result<(), TaskError>, Value) {
    let (end, details) = place.outcome(fields).await;
    (end, details["error"].clone())
}

#[tokio::test]
async fn a_host_key_that_nobody_has_compared_is_not_taken() {
    let nothing_known = |sshd: &Sshd| fs::write(sshd.file("known_hosts"), "").unwrap();
    // Not even where the configuration of ssh would take it.
    let careless = |sshd: &Sshd| {
        nothing_known(sshd);
        fs::write(sshd.file("ssh_config"), "StrictHostKeyChecking no\n").unwrap();
    };
    for change in [&nothing_known as &dyn Fn(&Sshd), &careless] {
        let Some(place) = Place::with("", change) else {
            return;
        };
        let (end, error) = end(&place, json!({ "command": "true" })).await;
        assert_eq!(
            fatal(end),
            format!(
                "the host key of {} is not known (it shows one of ED25519); compare it with what \
                 ssh-keygen -lf shows of the key on that machine, and add it to the known_hosts file",
                whom(&place)
            )
        );
        assert_eq!(error, "host_key_unknown");
        assert_eq!(fs::read(place.sshd.file("known_hosts")).unwrap(), b"");
    }
}

#[tokio::test]
async fn a_host_key_that_has_changed_is_told_with_both_keys() {
    let place = Place::with("", |sshd| {
        let other = fs::read_to_string(sshd.file("stranger.pub")).unwrap();
        let known = format!("# ours\n[127.0.0.1]:{} {other}", sshd.port);
        fs::write(sshd.file("known_hosts"), known).unwrap();
    });
    let Some(place) = place else { return };
    let (end, error) = end(&place, json!({ "command": "true" })).await;
    assert_eq!(
        fatal(end),
        format!(
            "the host key of {} is not the one that is known: it shows {}, the known one is in {}:2; \
             somebody may be in between. Where the machine was set up anew, put its new key in the place \
             of the old one",
            whom(&place),
            fingerprint(&place.sshd, "host.pub"),
            place.sshd.file("known_hosts").display()
        )
    );
    assert_eq!(error, "host_key_changed");
}

#[tokio::test]
async fn a_user_who_is_refused_is_not_tried_again() {
    let place = Place::with("", |sshd| {
        fs::copy(sshd.file("stranger"), sshd.file("user")).unwrap();
    });
    let Some(place) = place else { return };
    let (end, error) = end(&place, json!({ "command": "true" })).await;
    assert_eq!(
        fatal(end),
        format!(
            "{} refused the user: it takes publickey, and no key that was offered; put the public key into \
             authorized_keys there, or name the private key as config.identity_file of the plugin",
            whom(&place)
        )
    );
    assert_eq!(error, "permission_denied");
}

#[tokio::test]
async fn a_port_where_nobody_listens_may_be_tried_again() {
    let Some(place) = Place::new() else { return };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let (end, error) = end(&place, json!({ "command": "true", "port": port })).await;
    let reason = format!(
        "no ssh server listens at 127.0.0.1 port {port}: Connection refused; is it running, and is that \
         its port?"
    );
    assert_eq!(failed(end), (reason, None));
    assert_eq!(error, "refused");
}

#[tokio::test]
async fn a_name_of_no_machine_may_be_tried_again() {
    let Some(place) = Place::new() else { return };
    let name = "no-such-host.invalid";
    let (end, error) = end(&place, json!({ "command": "true", "host": name })).await;
    // Which error it is depends on whether there is a server for names.
    let begins = format!("the name {name} cannot be resolved: ");
    let (reason, _) = failed(end);
    assert!(reason.starts_with(&begins), "{reason}");
    assert_eq!(error, "unresolved");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_in_time() {
    let Some(place) = Place::new() else { return };
    // It takes connections, as the system does for it, and never says who it is.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = silent.local_addr().unwrap().port();
    let fields = json!({ "command": "true", "port": port, "connectTimeout": 1000 });
    let (end, error) = end(&place, fields).await;
    let reason = format!(
        "{}@127.0.0.1 port {port} cannot be reached: it took the connection, and said nothing in time",
        e2e::sshd::user()
    );
    assert_eq!(failed(end), (reason, None));
    assert_eq!(error, "unreachable");
}

#[tokio::test]
async fn a_key_with_a_command_of_its_own_is_no_success_of_the_task() {
    let place = Place::with("", |sshd| {
        let key = fs::read_to_string(sshd.file("user.pub")).unwrap();
        let forced = format!("command=\"echo backups only >&2\" {key}");
        fs::write(sshd.file("authorized_keys"), forced).unwrap();
    });
    let Some(place) = place else { return };
    let (end, error) = end(&place, json!({ "command": "true" })).await;
    assert_eq!(
        fatal(end),
        format!(
            "{} took the connection and did not begin the command: backups only (exit status: 0); the user \
             there needs a POSIX sh, and no command that is forced on the key",
            whom(&place)
        )
    );
    assert_eq!(error, "not_begun");
}

#[tokio::test]
async fn a_configuration_of_ssh_that_is_wrong_is_quoted() {
    let place = Place::with("", |sshd| {
        fs::write(sshd.file("ssh_config"), "Prot 22\n").unwrap();
    });
    let Some(place) = place else { return };
    let (end, error) = end(&place, json!({ "command": "true" })).await;
    let config = place.sshd.file("ssh_config").display().to_string();
    assert_eq!(
        fatal(end),
        format!(
            "ssh does not take its configuration: {config}: line 1: Bad configuration option: prot"
        )
    );
    assert_eq!(error, "configuration");
}

/// Without a server, and so everywhere.
#[tokio::test]
async fn a_client_that_is_not_there_is_named() {
    let host = host("program = \"/no/such/ssh\"");
    let task = host
        .router
        .build_workload(&task(json!({ "command": "true" })))
        .unwrap();
    let cancel = tokio_util::sync::CancellationToken::new();
    let end = tokio::time::timeout(SOON, task.spawn(cancel))
        .await
        .unwrap();
    assert_eq!(
        fatal(end),
        "cannot start \"/no/such/ssh\": No such file or directory (os error 2)"
    );
}
