use std::os::unix::process::ExitStatusExt as _;

use super::*;

fn target() -> Target {
    Target {
        host: "web1".to_owned(),
        user: Some("deploy".to_owned()),
        port: None,
    }
}

/// The cause and the message of what ssh says, which exits with 255.
fn heard(said: &str) -> (&'static str, String) {
    let fault = of_beginning(said, ExitStatus::from_raw(255 << 8), &target());
    (fault.cause(), fault.to_string())
}

#[test]
fn where_nobody_answers_the_message_names_whom_and_why() {
    for (said, cause, message) in [
        (
            "ssh: Could not resolve hostname web1: Name or service not known\r\n",
            "unresolved",
            "the name web1 cannot be resolved: Name or service not known",
        ),
        (
            "ssh: connect to host web1 port 22: Connection refused\r\n",
            "refused",
            "no ssh server listens at web1 port 22: Connection refused; is it running, and is that its port?",
        ),
        (
            "ssh: connect to host web1 port 22: Connection timed out\r\n",
            "unreachable",
            "web1 port 22 cannot be reached: Connection timed out",
        ),
        (
            "ssh: connect to host web1 port 22: No route to host\r\n",
            "unreachable",
            "web1 port 22 cannot be reached: No route to host",
        ),
        (
            "Connection timed out during banner exchange\r\nConnection to 10.0.0.1 port 22 timed out\r\n",
            "unreachable",
            "deploy@web1 cannot be reached: it took the connection, and said nothing in time",
        ),
        (
            "kex_exchange_identification: Connection closed by remote host\r\n\
             Connection closed by 10.0.0.1 port 22\r\n",
            "hung_up",
            "deploy@web1 ended the connection before the command began: Connection closed by 10.0.0.1 port \
             22; it may have too many of them (MaxStartups)",
        ),
    ] {
        assert_eq!(heard(said), (cause, message.to_owned()));
    }
}

#[test]
fn a_key_that_cannot_be_trusted_is_told_from_one_that_is_not_known() {
    let unknown = "No ED25519 host key is known for web1 and you have requested strict checking.\r\n\
                   Host key verification failed.\r\n";
    let advice = "; compare it with what ssh-keygen -lf shows of the key on that machine, and add it to the \
                  known_hosts file";
    assert_eq!(
        heard(unknown),
        (
            "host_key_unknown",
            format!("the host key of deploy@web1 is not known (it shows one of ED25519){advice}")
        )
    );
    let changed = "@@@@@@@\r\n\
                   @    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\n\
                   The fingerprint for the ED25519 key sent by the remote host is\n\
                   SHA256:abc.\r\n\
                   Add correct host key in /home/solti/.ssh/known_hosts to get rid of this message.\r\n\
                   Offending ED25519 key in /home/solti/.ssh/known_hosts:3\r\n\
                   Host key verification failed.\r\n";
    assert_eq!(
        heard(changed),
        (
            "host_key_changed",
            "the host key of deploy@web1 is not the one that is known: it shows SHA256:abc, the known one is \
             in /home/solti/.ssh/known_hosts:3; somebody may be in between. Where the machine was set up \
             anew, put its new key in the place of the old one"
                .to_owned()
        )
    );
    let revoked = "@ WARNING: REVOKED HOST KEY DETECTED! @\nHost key verification failed.\n";
    assert_eq!(heard(revoked).0, "host_key_refused");
}

#[test]
fn a_user_that_is_refused_is_told_what_the_server_takes() {
    let advice = "; put the public key into authorized_keys there, or name the private key as \
                  config.identity_file of the plugin";
    assert_eq!(
        heard("deploy@web1: Permission denied (publickey,password).\r\n"),
        (
            "permission_denied",
            format!(
                "deploy@web1 refused the user: it takes publickey,password, and no key that was \
                 offered{advice}"
            )
        )
    );
    let unreadable =
        "Load key \"/id\": Permission denied\r\ndeploy@web1: Permission denied (publickey).\r\n";
    assert_eq!(
        heard(unreadable).1,
        format!(
            "deploy@web1 refused the user: it takes publickey, and no key that was offered (Load key \
             \"/id\": Permission denied){advice}"
        )
    );
}

#[test]
fn what_is_not_understood_is_quoted_and_steers_no_terminal() {
    assert_eq!(
        heard(
            "/etc/c: line 2: Bad configuration option: hots\r\n/etc/c: terminating, 1 bad configuration options\r\n"
        ),
        (
            "configuration",
            "ssh does not take its configuration: /etc/c: line 2: Bad configuration option: hots"
                .to_owned()
        )
    );
    assert_eq!(
        heard("banner\n\x1b[31msomething new\r\n"),
        (
            "no_session",
            r"no session with deploy@web1: banner / \u{1b}[31msomething new".to_owned()
        )
    );
    assert_eq!(
        heard("no matching host key type found. Their offer: ssh-dss").0,
        "no_agreement"
    );
}

#[test]
fn a_session_without_a_shell_is_no_success() {
    let fault = |said, code: i32| {
        let fault = of_beginning(said, ExitStatus::from_raw(code << 8), &target());
        (fault.cause(), fault.to_string())
    };
    let begins = "deploy@web1 took the connection and did not begin the command: ";
    let advice = "; the user there needs a POSIX sh, and no command that is forced on the key";
    assert_eq!(
        fault("", 0),
        (
            "not_begun",
            format!("{begins}it gave no reason (exit status: 0){advice}")
        )
    );
    // What another program says is no message of ssh's.
    assert_eq!(
        fault("Connection closed by peer\n", 1),
        (
            "not_begun",
            format!("{begins}Connection closed by peer (exit status: 1){advice}")
        )
    );
}

#[test]
fn what_a_command_wrote_is_in_no_message() {
    let of = |said: &str| of_end(said, &target()).to_string();
    let begins = "the connection to deploy@web1 broke while the command ran, which ends with it: ";
    assert_eq!(
        of("s3cret\nclient_loop: send disconnect: Broken pipe\r\n"),
        format!("{begins}client_loop: send disconnect: Broken pipe")
    );
    assert_eq!(
        of("Timeout, server web1 not responding.\r\n"),
        format!("{begins}Timeout, server web1 not responding.")
    );
    assert_eq!(
        of("s3cret\n"),
        format!("{begins}ssh gave no reason; its shell there may have been killed")
    );
}
