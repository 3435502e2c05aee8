//! How a task's environment gets past the engine into the container.
//!
//! `--env NAME` takes the value from the engine's own environment, where other users of the machine
//! cannot read it as they can the list of processes. But what is there the engine reads too: a task
//! must not choose the daemon that it runs on, or a library that is loaded into the engine. So a
//! name that may mean something to the engine is passed as `--env NAME=VALUE` instead.

use std::collections::BTreeMap;

/// Beginnings of names that engines, what they are made with or what they call look at.
const READ_BY_PREFIX: [&str; 22] = [
    "BUILDAH",
    "BUILDKIT",
    "CNI_",
    "CONTAINER",
    "DBUS_",
    "DOCKER",
    "DYLD_",
    "GLIBC_",
    "KUBE",
    "LC_",
    "LD_",
    "LISTEN_",
    "MALLOC_",
    "NERDCTL",
    "OTEL_",
    "PODMAN",
    "REGISTRY_",
    "ROOTLESSKIT_",
    "SSH_",
    "SSL_CERT_",
    "STORAGE_",
    "XDG_",
];

/// Such names in whole.
const READ_BY_NAME: [&str; 28] = [
    "ALL_PROXY",
    "GCONV_PATH",
    "GODEBUG",
    "GOGC",
    "GOMAXPROCS",
    "GOMEMLIMIT",
    "GOTRACEBACK",
    "HOME",
    "HOSTALIASES",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANG",
    "LANGUAGE",
    "LOCALDOMAIN",
    "LOCPATH",
    "LOGNAME",
    "NETCONFPATH",
    "NOTIFY_SOCKET",
    "NO_PROXY",
    "PATH",
    "RES_OPTIONS",
    "SHELL",
    "TERM",
    "TMPDIR",
    "TZ",
    "TZDIR",
    "USER",
    "WATCHDOG_USEC",
];

/// The arguments that pass `env` on, and what the engine's environment must have for them.
pub(super) fn pass(env: &BTreeMap<String, String>) -> (Vec<String>, BTreeMap<&str, &str>) {
    let mut args = Vec::with_capacity(env.len());
    let mut carried = BTreeMap::new();
    for (name, value) in env {
        if is_plain(name) && !is_read_by_the_engine(name) {
            args.push(format!("--env={name}"));
            carried.insert(name.as_str(), value.as_str());
        } else {
            args.push(format!("--env={name}={value}"));
        }
    }
    (args, carried)
}

/// Whether a name is nothing but a name: podman takes `NAME*` for all names that begin so.
fn is_plain(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_read_by_the_engine(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let known = upper.trim_start_matches('_');
    READ_BY_NAME.contains(&known)
        || READ_BY_PREFIX.iter().any(|prefix| known.starts_with(prefix))
        // What the operator has set may be meant for the engine, whatever it is called.
        || std::env::var_os(name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_secret_is_not_in_the_list_of_processes() {
        let env = env(&[("TOKEN", "secret\nwith \"lines\""), ("empty", "")]);
        let (args, carried) = pass(&env);
        assert_eq!(args, ["--env=TOKEN", "--env=empty"]);
        assert_eq!(carried["TOKEN"], "secret\nwith \"lines\"");
        assert_eq!(carried["empty"], "");
    }

    #[test]
    fn a_task_cannot_change_the_engine_through_its_environment() {
        for name in [
            "LD_PRELOAD",
            "DOCKER_HOST",
            "CONTAINERS_CONF",
            "_CONTAINERS_ROOTLESS_UID",
            "https_proxy",
            "PATH",
            "HOME",
            "XDG_RUNTIME_DIR",
            // Set in this process, as in every test of cargo's.
            "CARGO_MANIFEST_DIR",
            "ALL*",
            "with.dot",
        ] {
            let env = env(&[(name, "x")]);
            let (args, carried) = pass(&env);
            assert_eq!(args, [format!("--env={name}=x")]);
            assert!(carried.is_empty(), "{name}");
        }
    }
}
