//! What an operator says, and what a task may not.

use std::fs;

use serde_json::{Value, json};
use solti_plugin_host::PluginLoader;

use super::{host, task};
use crate::support::{complaints, directory_with};

/// Why a task is not built by a plugin that is told this.
fn refusal(config: &str, fields: Value) -> String {
    let refused = host(config).router.build_workload(&task(fields));
    refused.err().unwrap().to_string()
}

#[test]
fn a_host_that_is_not_allowed_or_is_none_is_asked_by_nobody() {
    let hosts = "hosts = [\"web1\", \"*.example.com\"]";
    let of = |name: &str| refusal(hosts, json!({ "host": name, "command": "id" }));
    assert_eq!(
        of("web2"),
        "invalid specification: spec.host: \"web2\" is a host that config.hosts of the plugin does not \
         allow"
    );
    assert_eq!(
        of("-oProxyCommand=touch /tmp/x"),
        "invalid specification: spec.host: \"-oProxyCommand=touch /tmp/x\" begins with a hyphen, as \
         options of ssh do"
    );
    let user = json!({ "host": "web1", "user": "-oProxyCommand=id", "command": "id" });
    assert_eq!(
        refusal(hosts, user),
        "invalid specification: spec.user: \"-oProxyCommand=id\" begins with a hyphen, as options of ssh \
         do"
    );
}

#[test]
fn a_sidecar_that_is_wrong_is_refused_by_its_field() {
    for (config, complaint) in [
        (
            "host = [\"web1\"]",
            "config.host: unknown field, expected hosts, user, port, identity_file, known_hosts, \
             config_file, program, connect_timeout_ms, keep_alive_ms, stop_grace_ms, linger_ms or \
             max_line_bytes; correct it in ssh.toml",
        ),
        (
            "connect_timeout_ms = \"5s\"",
            "config.connect_timeout_ms: expected a whole number from 1 to 4294967295, found \"5s\"; \
             correct it in ssh.toml",
        ),
        (
            "port = 0",
            "config.port: expected a whole number from 1 to 65535, found 0; correct it in ssh.toml",
        ),
        (
            "known_hosts = \"known_hosts\"",
            "config.known_hosts: \"known_hosts\" is no absolute path; what it is relative to would depend \
             on where the host was started",
        ),
        (
            "hosts = [\"a b\"]",
            "config.hosts[0]: \"a b\" is no host: expected a name or an address, such as \
             \"web1.example.com\", or \"*.example.com\" for all below it",
        ),
    ] {
        let directory = directory_with(&["ssh"]);
        let sidecar = directory.path().join("ssh.toml");
        fs::write(sidecar, format!("[config]\n{config}\n")).unwrap();
        let said = complaints(&PluginLoader::new(), directory.path());
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].contains(complaint),
            "{said:?}\ninstead of {complaint}"
        );
    }
}
