//! What a host application decides, as data that the stages are given.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use minisign_verify::PublicKey;
use serde_json::{Map, Value};
use solti_model::Labels;

use super::refusal::{OptionNames, method};
use crate::services::log::{PluginLog, TracingLog};

/// The size of the largest file that is read unless the host says otherwise: 256 MiB, in bytes.
pub const DEFAULT_MAX_FILE_BYTES: u64 = 256 << 20;

/// How long a probe may take unless the host says otherwise.
pub const DEFAULT_PROBE_TIME: Duration = Duration::from_secs(5);

/// The address space that a probe may use unless the host says otherwise: 2 GiB, in bytes.
pub const DEFAULT_PROBE_MEMORY: u64 = 2 << 30;

/// How many libraries may be open in a process whose plugins change while it runs, unless the host says
/// otherwise.
pub const DEFAULT_MAX_IMAGES: u64 = 256;

/// How many bytes these may have together unless the host says otherwise: 1 GiB.
pub const DEFAULT_MAX_IMAGE_BYTES: u64 = 1 << 30;

/// What a host application decides.
#[derive(Clone)]
pub(super) struct Options {
    /// Where there is a list, the only plugins that are loaded, by the names that they were built
    /// with.
    pub(super) allowed: Option<HashSet<String>>,
    /// Of each plugin's runtime; up to the plugin unless set.
    pub(super) worker_threads: Option<NonZeroU32>,
    /// How long the host waits for a cancelled attempt, where it says so.
    pub(super) grace: Option<Duration>,
    /// The limit on open files of what plugins start, where it is not this process's.
    pub(super) open_files: Option<u64>,
    pub(super) by_plugin: HashMap<String, PluginOptions>,
    pub(super) log: Arc<dyn PluginLog>,
    pub(super) on_progress: Option<Arc<OnProgress>>,
    /// After so many a plugin is taken out of routing.
    pub(super) max_panics: Option<NonZeroU64>,
    pub(super) trust: Trust,
    /// Where there is one, files must be signed by one of them.
    pub(super) keys: Vec<PublicKey>,
    /// Files must be in the list of digests.
    pub(super) require_sums: bool,
    /// Where copies are put; in memory unless named.
    pub(super) stage_in: Option<PathBuf>,
    pub(super) probe: ProbeOptions,
    /// Beside plugins that run: how many libraries may be open, and how many bytes of them.
    pub(super) max_images: u64,
    pub(super) max_image_bytes: u64,
    /// What advice calls these options.
    pub(super) names: OptionNames,
}

/// What is called before each file.
pub(super) type OnProgress = dyn Fn(Progress<'_>) + Send + Sync;

/// How far a directory has been loaded.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// The file that is looked at next.
    pub file: &'a str,
    /// Files done before it.
    pub done: usize,
    /// Files in all.
    pub total: usize,
}

/// What a host application decides about one plugin.
#[derive(Debug, Clone, Default)]
pub(super) struct PluginOptions {
    pub(super) worker_threads: Option<NonZeroU32>,
    pub(super) config: Map<String, Value>,
    pub(super) labels: Labels,
}

/// Which files may be loaded, whatever is in them.
#[derive(Debug, Clone)]
pub(super) struct Trust {
    pub(super) any_owner: bool,
    /// Users that are trusted besides root and the current one.
    pub(super) owners: Vec<u32>,
    pub(super) writable: bool,
    pub(super) noexec: bool,
    pub(super) links_outside: bool,
    pub(super) max_file_bytes: u64,
}

/// How plugins are probed.
#[derive(Debug, Clone, Default)]
pub(super) struct ProbeOptions {
    /// Plugins are not probed.
    pub(super) off: bool,
    /// The program that probes; the running one unless named.
    pub(super) program: Option<PathBuf>,
    /// Variables of the host's environment that a probe has besides the usual ones.
    pub(super) env: Vec<String>,
    /// What outlives the host: what probes find, and a directory for each plugin.
    pub(super) state: Option<PathBuf>,
    pub(super) limits: ProbeLimits,
}

/// What one probe may use.
#[derive(Debug, Clone, Copy)]
pub(super) struct ProbeLimits {
    /// From its start to its end.
    pub(super) time: Duration,
    /// Address space, in bytes.
    pub(super) memory: u64,
}

impl Options {
    /// The labels, configuration and threads of a plugin that the host has decided nothing about are
    /// the defaults.
    pub(super) fn of_plugin(&self, name: &str) -> PluginOptions {
        self.by_plugin.get(name).cloned().unwrap_or_default()
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            allowed: None,
            worker_threads: None,
            grace: None,
            open_files: None,
            by_plugin: HashMap::new(),
            log: Arc::new(TracingLog),
            on_progress: None,
            max_panics: None,
            trust: Trust::default(),
            keys: Vec::new(),
            require_sums: false,
            stage_in: None,
            probe: ProbeOptions::default(),
            max_images: DEFAULT_MAX_IMAGES,
            max_image_bytes: DEFAULT_MAX_IMAGE_BYTES,
            names: method,
        }
    }
}

impl Default for Trust {
    fn default() -> Self {
        Self {
            any_owner: false,
            owners: Vec::new(),
            writable: false,
            noexec: false,
            links_outside: false,
            max_file_bytes: DEFAULT_MAX_FILE_BYTES,
        }
    }
}

impl Default for ProbeLimits {
    fn default() -> Self {
        Self {
            time: DEFAULT_PROBE_TIME,
            memory: DEFAULT_PROBE_MEMORY,
        }
    }
}

impl ProbeLimits {
    /// Processor time: what one thread could use, in whole seconds as the system counts them.
    pub(super) fn cpu(&self) -> Duration {
        Duration::from_secs(self.time.as_secs_f64().ceil() as u64)
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the configuration of plugins: there may be secrets in it.
        f.debug_struct("Options")
            .field("allowed", &self.allowed)
            .field("worker_threads", &self.worker_threads)
            .field("grace", &self.grace)
            .field("open_files", &self.open_files)
            .field("max_panics", &self.max_panics)
            .field("trust", &self.trust)
            .field("keys", &self.keys.len())
            .field("require_sums", &self.require_sums)
            .field("stage_in", &self.stage_in)
            .field("probe", &self.probe)
            .finish_non_exhaustive()
    }
}
