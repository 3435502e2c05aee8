//! What no type can say of the configuration, and whom it allows.

use std::path::Path;

use super::Config;
use crate::target;

/// What ssh would take for something else than a part of a path: it separates, quotes and fills in.
const SPECIAL: [char; 6] = [' ', '"', '\'', '\\', '%', '$'];

impl Config {
    /// Checks what serde cannot.
    ///
    /// # Errors
    ///
    /// The field and what is wrong with it.
    pub(crate) fn checked(self) -> Result<Self, String> {
        for (at, host) in self.hosts.iter().enumerate() {
            let name = host.strip_prefix("*.").unwrap_or(host);
            if name.contains('*') || target::fault_of_host(name).is_some() {
                return Err(format!(
                    "config.hosts[{at}]: {host:?} is no host: expected a name or an address, such as \
                     \"web1.example.com\", or \"*.example.com\" for all below it"
                ));
            }
        }
        if let Some(user) = &self.user
            && let Some(what) = target::fault_of_user(user)
        {
            return Err(format!("config.user: {user:?} {what}"));
        }
        for (field, file) in [
            ("identity_file", &self.identity_file),
            ("known_hosts", &self.known_hosts),
            ("config_file", &self.config_file),
        ] {
            if let Some(file) = file {
                check_file(file).map_err(|what| format!("config.{field}: {file:?} {what}"))?;
            }
        }
        if self.program.is_empty() {
            return Err("config.program: is empty; leave it out for ssh".to_owned());
        }
        Ok(self)
    }

    /// Whether a task may name this host.
    pub(crate) fn allows(&self, host: &str) -> bool {
        self.hosts.is_empty() || self.hosts.iter().any(|allowed| matches(allowed, host))
    }
}

fn check_file(file: &Path) -> Result<(), &'static str> {
    if !file.is_absolute() {
        return Err(
            "is no absolute path; what it is relative to would depend on where the host was started",
        );
    }
    let is_plain = |text: &str| !text.contains(|it: char| it.is_control() || SPECIAL.contains(&it));
    if !file.to_str().is_some_and(is_plain) {
        return Err("has a space, a quote or another character that ssh reads as something else");
    }
    Ok(())
}

/// Whether a host is one that a pattern means.
fn matches(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        // The dot stays: `*.example.com` is not `badexample.com`.
        Some(end) => {
            host.len() > end.len()
                && host
                    .get(host.len() - end.len()..)
                    .is_some_and(|last| last.eq_ignore_ascii_case(end))
        }
        None => host.eq_ignore_ascii_case(pattern),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use solti_plugin_abi::DEFAULT_MAX_LINE_BYTES;

    use super::*;

    fn read(json: &str) -> Result<Config, String> {
        serde_json::from_str::<Config>(json).unwrap().checked()
    }

    #[test]
    fn an_empty_configuration_means_the_defaults_of_the_readme() {
        let config = read("{}").unwrap();
        assert!(config.allows("anywhere.example"));
        assert_eq!((config.user.as_deref(), config.port), (None, None));
        assert_eq!(config.program, "ssh");
        assert_eq!(config.connect_timeout(), Duration::from_secs(10));
        assert_eq!(config.keep_alive(), Duration::from_secs(15));
        // Four fifths of what a supervisor waits where it does not say otherwise.
        assert_eq!(config.stop_grace(), Duration::from_secs(4));
        assert_eq!(config.linger(), Duration::from_secs(5));
        assert_eq!(config.max_line_bytes(), DEFAULT_MAX_LINE_BYTES);
    }

    #[test]
    fn a_host_that_only_ends_alike_is_not_taken_for_one_below_the_allowed() {
        let config = read(r#"{"hosts": ["*.example.com", "10.0.0.1", "fe80::1%eth0"]}"#).unwrap();
        for host in [
            "a.example.com",
            "A.B.EXAMPLE.com",
            "10.0.0.1",
            "FE80::1%eth0",
        ] {
            assert!(config.allows(host), "{host}");
        }
        for host in [
            "example.com",
            "badexample.com",
            "a.example.com.evil.example",
            "10.0.0.11",
        ] {
            assert!(!config.allows(host), "{host}");
        }
    }

    #[test]
    fn what_is_no_host_no_user_and_no_file_is_refused_by_its_field() {
        for (json, refusal) in [
            (
                r#"{"hosts": ["a.example", "-oProxyCommand=id"]}"#,
                "config.hosts[1]: \"-oProxyCommand=id\" is no host: expected a name or an address, such \
                 as \"web1.example.com\", or \"*.example.com\" for all below it",
            ),
            (
                r#"{"user": "-ldeploy"}"#,
                "config.user: \"-ldeploy\" begins with a hyphen, as options of ssh do",
            ),
            (
                r#"{"identity_file": "id"}"#,
                "config.identity_file: \"id\" is no absolute path; what it is relative to would depend \
                 on where the host was started",
            ),
            (
                r#"{"known_hosts": "/etc/known hosts"}"#,
                "config.known_hosts: \"/etc/known hosts\" has a space, a quote or another character that \
                 ssh reads as something else",
            ),
            (
                r#"{"program": ""}"#,
                "config.program: is empty; leave it out for ssh",
            ),
        ] {
            assert_eq!(read(json).unwrap_err(), refusal);
        }
    }
}
