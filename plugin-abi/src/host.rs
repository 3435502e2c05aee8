//! The host of a plugin, as an author's code sees it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;

use crate::call::CallFuture;

/// The host of this plugin, set before any code of the author's runs.
static HOST: OnceLock<Host> = OnceLock::new();

/// The host that has loaded this plugin; `None` in a program that the runner is linked into.
#[must_use]
pub fn host() -> Option<&'static Host> {
    HOST.get()
}

/// Who has loaded this plugin, and what it has said of itself.
pub struct Host {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) features: Vec<String>,
    pub(crate) instance: String,
    pub(crate) state_dir: Option<PathBuf>,
    pub(crate) grace: Option<Duration>,
    pub(crate) open_files: Option<u64>,
    pub(crate) call: fn(&str, Bytes) -> CallFuture<'static>,
}

impl Host {
    /// Its name, such as `solti-plugin-host`: that of the library which loads plugins.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether it can do something beyond version 1 of the ABI.
    #[must_use]
    pub fn has_feature(&self, feature: &str) -> bool {
        self.features.iter().any(|known| known == feature)
    }

    /// What the operator calls this copy of the plugin: its own name, unless the sidecar says otherwise.
    #[must_use]
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// A directory that only this instance uses and that outlives the host, where the host has one.
    #[must_use]
    pub fn state_dir(&self) -> Option<&Path> {
        self.state_dir.as_deref()
    }

    /// How long the host waits for a cancelled attempt before it drops it, where it says so.
    #[must_use]
    pub fn grace(&self) -> Option<Duration> {
        self.grace
    }

    /// The limit on open files that what a plugin starts should have, where the host says so: the one that
    /// it was given, before it raised its own.
    #[must_use]
    pub fn open_files(&self) -> Option<u64> {
        self.open_files
    }

    /// Calls a method of the host, such as `host_info`.
    ///
    /// # Errors
    ///
    /// [`CallError`](crate::CallError), when the future is awaited.
    pub fn call(&self, method: &str, payload: Bytes) -> CallFuture<'static> {
        (self.call)(method, payload)
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host")
            .field("name", &self.name)
            .field("version", &self.version)
            .field("instance", &self.instance)
            .finish_non_exhaustive()
    }
}

/// How long what an attempt has started may take to end once it is asked to, so that there is time
/// left to end it by force before the host drops the attempt: four fifths of the host's grace.
///
/// Where no host says how long it waits, it is taken to wait for five seconds, as a supervisor does by
/// default.
#[must_use]
pub fn stop_grace() -> Duration {
    stop_grace_of(host().and_then(Host::grace))
}

fn stop_grace_of(grace: Option<Duration>) -> Duration {
    const DEFAULT: Duration = Duration::from_secs(5);
    grace.unwrap_or(DEFAULT) / 5 * 4
}

/// Makes `host` known; the first call wins.
pub(crate) fn set(host: Host) {
    let _ = HOST.set(host);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_time_left_before_the_host_gives_an_attempt_up() {
        let of = |grace| stop_grace_of(Some(Duration::from_millis(grace)));
        assert_eq!(of(10_000), Duration::from_secs(8));
        assert_eq!(of(0), Duration::ZERO);
        assert_eq!(stop_grace_of(None), Duration::from_secs(4));
        assert!(stop_grace_of(Some(Duration::MAX)) < Duration::MAX);
    }
}
