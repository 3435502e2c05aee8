//! What an operator can set, in the table `config` of the sidecar `httpcheck.toml`.

use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

use solti_plugin_abi::{DEFAULT_MAX_LINE_BYTES, PluginConfig};

/// The plugin's configuration; every field has a default.
#[derive(Debug, Clone, PluginConfig)]
pub(crate) struct Config {
    /// The hosts that may be asked; any where there is none.
    #[config(default)]
    hosts: Vec<String>,
    /// The directories in which the files of tasks may be: roots of trust, certificates of clients.
    #[config(default)]
    pub(crate) files: Vec<PathBuf>,
    /// The longest body that is read, in bytes, where a task does not set less.
    #[config(default = 16 << 20)]
    pub(crate) max_body_bytes: NonZeroU64,
    /// How long a request may take, in milliseconds, where a task does not say.
    #[config(default = 30_000)]
    max_time_ms: NonZeroU32,
    /// The longest line of output, in bytes, that is passed on whole.
    #[config(default = DEFAULT_MAX_LINE_BYTES)]
    max_line_bytes: NonZeroU32,
}

impl Config {
    /// Checks what serde cannot.
    ///
    /// # Errors
    ///
    /// The field and what is wrong with it.
    pub(crate) fn checked(self) -> Result<Self, String> {
        for (at, host) in self.hosts.iter().enumerate() {
            let name = host.strip_prefix("*.").unwrap_or(host);
            if name.is_empty() || name.contains(['*', '/', '@', ' ']) {
                return Err(format!(
                    "config.hosts[{at}]: {host:?} is no host: expected a name or an address, such as \
                     \"example.com\", or \"*.example.com\" for all below it"
                ));
            }
        }
        for (at, directory) in self.files.iter().enumerate() {
            if !directory.is_absolute() {
                return Err(format!(
                    "config.files[{at}]: {directory:?} is no absolute path; what it is relative to \
                     would depend on where the host was started"
                ));
            }
        }
        Ok(self)
    }

    /// Whether a task may ask this host.
    pub(crate) fn allows(&self, host: &str) -> bool {
        self.hosts.is_empty()
            || self.hosts.iter().any(|allowed| {
                match allowed.strip_prefix('*') {
                    // The dot stays: `*.example.com` is not `badexample.com`.
                    Some(end) => ends_with(host, end),
                    None => host.eq_ignore_ascii_case(allowed),
                }
            })
    }

    /// How long a request may take where a task does not say.
    pub(crate) fn max_time(&self) -> Duration {
        Duration::from_millis(self.max_time_ms.get().into())
    }

    /// The longest line of output, in bytes, that is passed on whole.
    pub(crate) fn max_line_bytes(&self) -> usize {
        self.max_line_bytes.get() as usize
    }
}

fn ends_with(host: &str, end: &str) -> bool {
    host.len() > end.len()
        && host
            .get(host.len() - end.len()..)
            .is_some_and(|last| last.eq_ignore_ascii_case(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Config, String> {
        serde_json::from_str::<Config>(json).unwrap().checked()
    }

    #[test]
    fn an_empty_configuration_means_the_defaults_of_the_readme() {
        let config = read("{}").unwrap();
        assert!(config.allows("anywhere.example"));
        assert!(config.files.is_empty());
        assert_eq!(config.max_body_bytes.get(), 16 << 20);
        assert_eq!(config.max_time(), Duration::from_secs(30));
        assert_eq!(config.max_line_bytes(), DEFAULT_MAX_LINE_BYTES);
    }

    #[test]
    fn a_host_that_only_ends_alike_is_not_taken_for_one_below_the_allowed() {
        let config = read(r#"{"hosts": ["*.example.com", "127.0.0.1", "ÿ.example"]}"#).unwrap();
        for host in ["a.example.com", "A.B.EXAMPLE.com", "127.0.0.1"] {
            assert!(config.allows(host), "{host}");
        }
        for host in [
            "example.com",
            "badexample.com",
            "example.com.evil.example",
            ".example.com",
        ] {
            assert!(!config.allows(host), "{host}");
        }
    }

    #[test]
    fn what_is_no_host_and_no_place_is_refused_by_its_field() {
        assert_eq!(
            read(r#"{"hosts": ["example.com", "https://example.com"]}"#).unwrap_err(),
            "config.hosts[1]: \"https://example.com\" is no host: expected a name or an address, \
             such as \"example.com\", or \"*.example.com\" for all below it"
        );
        assert_eq!(
            read(r#"{"files": ["tls"]}"#).unwrap_err(),
            "config.files[0]: \"tls\" is no absolute path; what it is relative to would depend on \
             where the host was started"
        );
    }
}
