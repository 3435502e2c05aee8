//! What an operator can set, in the table `config` of the sidecar `ssh.toml`.

mod rules;

use std::num::{NonZeroU16, NonZeroU32};
use std::path::PathBuf;
use std::time::Duration;

use solti_plugin_abi::{DEFAULT_MAX_LINE_BYTES, PluginConfig, stop_grace};

/// The plugin's configuration; every field has a default.
#[derive(Debug, Clone, PluginConfig)]
pub(crate) struct Config {
    /// The hosts that tasks may name; any where there is none.
    #[config(default)]
    hosts: Vec<String>,
    /// The user on the other machine, where a task names none.
    pub(crate) user: Option<String>,
    /// The port, where a task names none.
    pub(crate) port: Option<NonZeroU16>,
    /// The file of the private key, beside what an agent and ssh's own configuration have.
    pub(crate) identity_file: Option<PathBuf>,
    /// The file of the host keys that are trusted, in the place of the user's own.
    pub(crate) known_hosts: Option<PathBuf>,
    /// The configuration of ssh, in the place of the user's and the system's.
    pub(crate) config_file: Option<PathBuf>,
    /// The program, a name in `PATH` or a path.
    #[config(default = "ssh")]
    pub(crate) program: String,
    /// How long a connection may take to come about, in milliseconds, where a task does not say.
    #[config(default = 10_000)]
    connect_timeout_ms: NonZeroU32,
    /// How often the other machine is asked whether it is there, in milliseconds; after three questions
    /// without an answer the attempt ends. 0 never asks.
    #[config(default = 15_000)]
    keep_alive_ms: u32,
    /// How long a cancelled command may take to end by itself, in milliseconds; 0 kills it at once. Without
    /// it, four fifths of the time that the host gives it.
    stop_grace_ms: Option<u64>,
    /// How long output is read on, in milliseconds, when the command has ended and what it has left behind
    /// still holds it.
    #[config(default = 5_000)]
    linger_ms: u64,
    /// The longest line of output, in bytes, that is passed on whole.
    #[config(default = DEFAULT_MAX_LINE_BYTES)]
    max_line_bytes: NonZeroU32,
}

impl Config {
    /// How long a connection may take to come about, where a task does not say.
    pub(crate) fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms.get().into())
    }

    /// How often the other machine is asked whether it is there; zero never asks.
    pub(crate) fn keep_alive(&self) -> Duration {
        Duration::from_millis(self.keep_alive_ms.into())
    }

    /// How long a cancelled command may take to end by itself; zero kills it at once.
    pub(crate) fn stop_grace(&self) -> Duration {
        self.stop_grace_ms
            .map_or_else(stop_grace, Duration::from_millis)
    }

    /// How long output is read on once the command has ended.
    pub(crate) fn linger(&self) -> Duration {
        Duration::from_millis(self.linger_ms)
    }

    /// The longest line of output, in bytes, that is passed on whole.
    pub(crate) fn max_line_bytes(&self) -> usize {
        self.max_line_bytes.get() as usize
    }
}
