//! What a host application decides about plugins in general, and about one by name.
//!
//! What it decides about trust is with the policy, what it decides about probes is with the probe.

use std::collections::HashMap;
use std::num::NonZeroU64;
use std::sync::Arc;

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
            probe: probe::Settings::default(),
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
