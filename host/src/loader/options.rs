//! What a host application decides about plugins in general, and about one by name.
//!
//! What it decides about trust is with the policy.

use std::collections::HashMap;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use solti_model::Labels;

use super::policy::Policy;
use super::{PluginLoader, Progress, probe};
use crate::services::log::{PluginLog, TracingLog};

/// What is called before each file.
pub(super) type OnProgress = dyn Fn(Progress<'_>) + Send + Sync;

/// What the host application decides about one plugin.
#[derive(Clone, Default)]
pub(super) struct Settings {
    pub(super) worker_threads: Option<u32>,
    pub(super) config: serde_json::Map<String, Value>,
    pub(super) labels: Labels,
}

impl Default for PluginLoader {
    fn default() -> Self {
        Self::new()
    }
}

impl PluginLoader {
    /// Makes a loader that loads every plugin, with one worker thread each, logging to `tracing`.
    #[must_use]
    pub fn new() -> Self {
        Self {
            allowed: None,
            worker_threads: 1,
            by_plugin: HashMap::new(),
            log: Arc::new(TracingLog),
            on_progress: None,
            policy: Policy::default(),
            stage_in: None,
            probe: probe::ProbeOptions::default(),
            max_panics: None,
        }
    }

    /// Loads only plugins that were built with these names; others are skipped. Called again, it adds
    /// names. What a sidecar calls a plugin does not count: nobody vouches for that.
    #[must_use]
    pub fn allow<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.allowed
            .get_or_insert_default()
            .extend(names.into_iter().map(Into::into));
        self
    }

    /// Sets the worker threads of each plugin's runtime; 0 counts as 1.
    ///
    /// They are started with the plugin's first task.
    #[must_use]
    pub fn worker_threads(mut self, threads: u32) -> Self {
        self.worker_threads = threads;
        self
    }

    /// Sets the worker threads of one plugin's runtime; 0 counts as 1.
    #[must_use]
    pub fn worker_threads_of(mut self, plugin: impl Into<String>, threads: u32) -> Self {
        self.settings(plugin).worker_threads = Some(threads);
        self
    }

    /// Gives a plugin its configuration, an object. The sidecar's fields win over these.
    ///
    /// # Panics
    ///
    /// When `config` is not a JSON object.
    #[must_use]
    pub fn config(mut self, plugin: impl Into<String>, config: Value) -> Self {
        let Value::Object(config) = config else {
            panic!("a plugin's configuration is a JSON object, found {config}")
        };
        self.settings(plugin).config = config;
        self
    }

    /// Gives the runners of a plugin a label. It wins over the plugin's own; the sidecar's win over
    /// it.
    #[must_use]
    pub fn label(
        mut self,
        plugin: impl Into<String>,
        key: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        self.settings(plugin).labels.insert(key, value);
        self
    }

    /// Sends what plugins log to `log` instead of the `tracing` subscriber.
    #[must_use]
    pub fn log(mut self, log: Arc<dyn PluginLog>) -> Self {
        self.log = log;
        self
    }

    /// Calls `on_progress` before each file.
    #[must_use]
    pub fn on_progress(
        mut self,
        on_progress: impl Fn(Progress<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.on_progress = Some(Arc::new(on_progress));
        self
    }

    /// Takes a plugin out of routing once it has panicked `panics` times; 0 for never, the default.
    ///
    /// Its runners are asked no more, and what they have begun goes on: see
    /// [`Plugin::is_retired`](crate::Plugin::is_retired). It is not the default because then
    /// one bad task, tried again and again, ends the plugin's service for every other.
    #[must_use]
    pub fn max_panics(mut self, panics: u64) -> Self {
        self.max_panics = NonZeroU64::new(panics);
        self
    }

    fn settings(&mut self, plugin: impl Into<String>) -> &mut Settings {
        self.by_plugin.entry(plugin.into()).or_default()
    }
}

/// Probing: before a plugin is opened here, another process opens the same bytes and connects it
/// with the same configuration. A plugin that crashes, hangs, ends its process, closes descriptors
/// or is not what its stamp says is rejected, and nothing happens to this process.
///
/// The other process is a program that calls [`probe_main`](crate::probe_main) first of all: this
/// very program when it has done so, or the one of [`probe_with`](Self::probe_with). Where there is
/// neither, plugins are loaded without, and [`LoadedPlugin::probe`](crate::LoadedPlugin::probe) says
/// so.
impl PluginLoader {
    /// Has plugins probed by this program, whose `main` begins with
    /// [`probe_main`](crate::probe_main). Not needed where that is the case for the host itself.
    #[must_use]
    pub fn probe_with(mut self, program: impl Into<PathBuf>) -> Self {
        self.probe.program = Some(program.into());
        self
    }

    /// Loads plugins without probing them: one that crashes while it is loaded ends the process.
    #[must_use]
    pub fn without_probe(mut self) -> Self {
        self.probe.off = true;
        self
    }

    /// Sets how long a probe may take, 5 seconds unless set; its processor time is limited to as
    /// many whole seconds.
    #[must_use]
    pub fn probe_time(mut self, limit: Duration) -> Self {
        self.probe.limits.time = limit;
        self
    }

    /// Sets the address space of a probe in bytes, 2 GiB unless set.
    #[must_use]
    pub fn probe_memory(mut self, limit: u64) -> Self {
        self.probe.limits.memory = limit;
        self
    }

    /// Keeps what probes find in this directory, across restarts.
    ///
    /// Within one process it is kept in any case, by what was probed: the file's bytes, the
    /// configuration, the limits and the version of the host. Failures are kept that are of the
    /// file; not the error of a constructor, which is tried again each time. A failure that a busy
    /// machine may have caused, such as one of time, stands for an hour. [`forget_probes`] clears
    /// them.
    ///
    /// Whoever can write to the directory can vouch for a plugin.
    ///
    /// [`forget_probes`]: crate::forget_probes
    #[must_use]
    pub fn state_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.probe.state = Some(directory.into());
        self
    }
}
