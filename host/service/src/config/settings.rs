//! The settings of a service.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::units::{bytes, duration};
use crate::access::Role;

/// What a service is told, by an application or by a TOML file. A file needs `plugins` and `state` only.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The directory of plugins.
    pub plugins: PathBuf,
    /// The directory of what the service keeps. It makes it, with mode 0700.
    pub state: PathBuf,
    /// The addresses it listens on over TCP. Each asks for a token.
    #[serde(default)]
    pub listen: Vec<SocketAddr>,
    /// The addresses it listens on for gRPC. Each asks for the same token.
    #[serde(default)]
    pub grpc: Vec<SocketAddr>,
    /// The Unix socket, of mode 0600; `service.sock` in the state directory when nothing else is given.
    #[serde(default)]
    pub unix: Option<PathBuf>,
    /// The file of the token that TCP asks for; `token` in the state directory, which is made, when none
    /// is given.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// Files of further tokens, and what each lets its holder do; the token of `token_file` lets do all. A file
    /// has a token on each line, and may change while the service runs.
    #[serde(default)]
    pub tokens: Vec<TokenFile>,
    /// Speaks TLS on all addresses.
    #[serde(default)]
    pub tls: Option<TlsFiles>,
    /// Has a control plane of the published line know of this service.
    #[serde(default)]
    pub discover: Option<Discover>,
    /// Takes tasks of a queue that several hosts share.
    #[serde(default)]
    pub queue: Option<QueueSettings>,
    /// Asks for no token: on loopback addresses alone, or where clients have certificates.
    #[serde(default)]
    pub no_auth: bool,
    /// What plugins are configured with, by their names; their sidecars come first.
    #[serde(default)]
    pub config: BTreeMap<String, serde_json::Map<String, serde_json::Value>>,
    /// Names, beside `localhost` and addresses, that clients may call the service by over TCP.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Names of plugins without which the service is not ready.
    #[serde(default)]
    pub require: Vec<String>,
    /// After how many panics a plugin gets no more tasks, until it is put back; never when it is not given.
    #[serde(default)]
    pub max_panics: Option<NonZeroU64>,
    /// How many libraries of plugins may be open for one more to be opened: a library is never closed, so each
    /// version of a plugin takes memory until the service ends.
    #[serde(default = "defaults::max_images")]
    pub max_images: u64,
    /// How many bytes these may have together.
    #[serde(default = "defaults::max_image_bytes", deserialize_with = "bytes")]
    pub max_image_bytes: u64,
    /// How many tasks run at the same time; no limit when it is not given.
    #[serde(default)]
    pub jobs: Option<usize>,
    /// How many tasks may be there that have not ended; more are refused.
    #[serde(default = "defaults::max_tasks")]
    pub max_tasks: usize,
    /// How long tasks that run get to end by themselves when the service is to stop.
    #[serde(default, deserialize_with = "duration")]
    pub drain: Duration,
    /// How long they get to end once they are cancelled.
    #[serde(default = "defaults::grace", deserialize_with = "duration")]
    pub grace: Duration,
    /// What becomes of tasks that a stop ends.
    #[serde(default)]
    pub on_stop: OnStop,
    /// What is kept of tasks that have ended.
    #[serde(default)]
    pub retention: Retention,
    /// What is kept of output.
    #[serde(default)]
    pub output: OutputLimits,
    /// What clients may ask of the service.
    #[serde(default)]
    pub limits: ServerLimits,
}

/// A file of tokens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TokenFile {
    /// The file, of mode 0600.
    pub file: PathBuf,
    /// What its tokens let their holders do.
    pub role: Role,
}

/// The files of TLS, as PEM. They may be renewed while the service runs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TlsFiles {
    /// The certificate of the service, and those of its issuers.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// The issuers of the certificates that clients have to have; none where they need none.
    #[serde(default)]
    pub client_ca: Option<PathBuf>,
}

/// A control plane that is to know of this service, as `solti-discover` 0.0.8 tells one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Discover {
    /// Where it listens, such as `https://podium.example`.
    pub control: String,
    /// Where it reaches this service, such as `https://10.0.0.5:7480`.
    pub endpoint: String,
    /// Whether that speaks gRPC.
    #[serde(default)]
    pub grpc: bool,
    /// What people call this service; the name of the machine when it is not given.
    #[serde(default)]
    pub name: Option<String>,
    /// How often it is told.
    #[serde(default = "defaults::heartbeat", deserialize_with = "duration")]
    pub interval: Duration,
    /// The file of the token that it asks for.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// What else it is to know.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

/// A queue on NATS that this service takes tasks of.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct QueueSettings {
    /// Servers of one cluster: `nats://HOST:PORT`, or `tls://HOST:PORT`.
    pub urls: Vec<String>,
    /// A file of credentials, as `nsc` writes it.
    #[serde(default)]
    pub credentials: Option<PathBuf>,
    /// The file of the token that the servers ask for.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// Trusts servers that an authority of this PEM file vouches for, beside those of the system.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// The certificate of this service, for servers that ask for one.
    #[serde(default)]
    pub certificate: Option<PathBuf>,
    /// Its key.
    #[serde(default)]
    pub key: Option<PathBuf>,
    /// What people call this host; the name of the machine when it is not given.
    #[serde(default)]
    pub name: Option<String>,
    /// How many tasks of the queue run here at the same time; `jobs` of the service when it is not given, and
    /// else as many as the machine has processors.
    #[serde(default)]
    pub jobs: Option<NonZeroU64>,
}

/// What becomes of tasks that a stop of the service ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum OnStop {
    /// They are cancelled, and that is their end.
    #[default]
    Cancel,
    /// The next service runs them again.
    Requeue,
}

/// What becomes of a task that had not ended when a service was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum OnInterrupt {
    /// It is run again.
    Rerun,
    /// It has failed.
    Fail,
}

impl OnInterrupt {
    /// Its name, as specs have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rerun => "rerun",
            Self::Fail => "fail",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Rerun, Self::Fail]
            .into_iter()
            .find(|it| it.as_str() == name)
    }
}

/// What is kept of tasks that have ended, the oldest going first.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Retention {
    /// How many.
    pub count: usize,
    /// For how long.
    #[serde(deserialize_with = "duration")]
    pub age: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            count: 200_000,
            age: Duration::from_secs(7 * 24 * 3600),
        }
    }
}

/// What is kept of output, the oldest going first.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct OutputLimits {
    /// Bytes of one task.
    #[serde(deserialize_with = "bytes")]
    pub per_task: u64,
    /// Bytes of all tasks together.
    #[serde(deserialize_with = "bytes")]
    pub total: u64,
    /// What happens where the disk is full.
    pub on_full: OnFull,
    /// How long a task waits for room before its output is left out.
    #[serde(deserialize_with = "duration")]
    pub full_wait: Duration,
}

impl Default for OutputLimits {
    fn default() -> Self {
        Self {
            per_task: 1 << 30,
            total: 10 << 30,
            on_full: OnFull::Drop,
            full_wait: Duration::from_secs(10),
        }
    }
}

/// What happens to output where the disk is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum OnFull {
    /// After a time it is left out, and its readers are told.
    #[default]
    Drop,
    /// The task waits until there is room.
    Wait,
}

/// What clients may ask of the service.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ServerLimits {
    /// Connections at the same time.
    pub connections: usize,
    /// Readers that follow output at the same time.
    pub readers: usize,
    /// How long a client may take to send the head of a request.
    #[serde(deserialize_with = "duration")]
    pub header_time: Duration,
    /// How long a client may take to send the rest of it.
    #[serde(deserialize_with = "duration")]
    pub body_time: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 2048,
            readers: 1024,
            header_time: Duration::from_secs(10),
            body_time: Duration::from_secs(30),
        }
    }
}

mod defaults {
    use std::time::Duration;

    pub(super) fn max_tasks() -> usize {
        20_000
    }

    pub(super) fn heartbeat() -> Duration {
        Duration::from_secs(30)
    }

    pub(super) fn max_images() -> u64 {
        solti_plugin_host::options::DEFAULT_MAX_IMAGES
    }

    pub(super) fn max_image_bytes() -> u64 {
        solti_plugin_host::options::DEFAULT_MAX_IMAGE_BYTES
    }

    pub(super) fn grace() -> Duration {
        Duration::from_secs(10)
    }
}

#[cfg(feature = "queue")]
impl QueueSettings {
    /// Which servers, and as whom.
    pub(crate) fn address(&self) -> solti_plugin_queue::QueueAddress {
        let mut address = solti_plugin_queue::QueueAddress::new(self.urls.clone());
        address.credentials.clone_from(&self.credentials);
        address.token_file.clone_from(&self.token_file);
        address.ca.clone_from(&self.ca);
        address.identity = self.certificate.clone().zip(self.key.clone());
        address
    }
}

impl Config {
    /// The defaults, for these two directories.
    #[must_use]
    pub fn new(plugins: impl Into<PathBuf>, state: impl Into<PathBuf>) -> Self {
        Self {
            plugins: plugins.into(),
            state: state.into(),
            listen: Vec::new(),
            grpc: Vec::new(),
            unix: None,
            token_file: None,
            tokens: Vec::new(),
            tls: None,
            discover: None,
            queue: None,
            no_auth: false,
            config: BTreeMap::new(),
            hosts: Vec::new(),
            require: Vec::new(),
            max_panics: None,
            max_images: defaults::max_images(),
            max_image_bytes: defaults::max_image_bytes(),
            jobs: None,
            max_tasks: defaults::max_tasks(),
            drain: Duration::ZERO,
            grace: defaults::grace(),
            on_stop: OnStop::default(),
            retention: Retention::default(),
            output: OutputLimits::default(),
            limits: ServerLimits::default(),
        }
    }
}
