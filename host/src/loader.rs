//! From the files of a directory to runners in a router.
//!
//! ```text
//! discover ─► inspect ─► policy ─► stage ─► probe ─► open ─► connect ─► register
//!   names      bytes     who may   sealed   another  dlopen   root      router
//!                        write it   copy    process           module
//! ```
//!
//! Up to *open* nothing of a plugin runs in this process. Each stage either passes a candidate on
//! or ends it with a [`LoadError`] that names what was found, what was expected and what to do; one
//! bad file never stops the next.

mod connect;
mod discover;
mod error;
mod inspect;
mod open;
mod probe;
mod register;
mod report;
mod sidecar;

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use solti_model::Labels;
use solti_plugin_abi::stamp::Stamp;
use tracing::info;

use crate::router::RunnerRouter;
use crate::services::log::{PluginLog, TracingLog};
use connect::Connection;
use discover::{Candidate, Found};
use probe::Trial;
use report::End;
use sidecar::Sidecar;

pub use error::{
    ConnectError, DiscoverError, InspectError, LoadDirError, LoadError, OpenError, RegisterError,
    Stage,
};
pub use inspect::{Inspection, Problem, inspect};
pub use probe::{Probe, ProbeError, RememberedProbe, forget_probes, probe_main};
pub use report::{LoadReport, LoadedPlugin, LoadedRunner, Rejected, Skipped};

/// Loads every plugin of a directory into `router`, in the order of their file names.
///
/// The short form of [`PluginLoader::load_dir`] with the default options.
///
/// # Errors
///
/// [`LoadDirError`] when the directory itself cannot be read. A bad file is no error here: it is
/// listed in the report.
pub fn load_dir(
    path: impl AsRef<Path>,
    router: &mut RunnerRouter,
) -> Result<LoadReport, LoadDirError> {
    PluginLoader::new().load_dir(path, router)
}

/// Loads plugins, with options.
///
/// # Examples
///
/// ```no_run
/// use serde_json::json;
/// use solti_plugin_host::{PluginLoader, RunnerRouter};
///
/// let mut router = RunnerRouter::new();
/// let report = PluginLoader::new()
///     .allow(["subprocess"])
///     .worker_threads(2)
///     .config("subprocess", json!({ "max_line_bytes": 4096 }))
///     .label("subprocess", "zone", "eu")
///     .load_dir("plugins", &mut router)?;
/// for rejected in report.rejected() {
///     eprintln!("{rejected}");
/// }
/// # Ok::<(), solti_plugin_host::LoadDirError>(())
/// ```
#[derive(Clone)]
pub struct PluginLoader {
    allowed: Option<HashSet<String>>,
    worker_threads: u32,
    by_plugin: HashMap<String, Settings>,
    log: Arc<dyn PluginLog>,
    on_progress: Option<Arc<OnProgress>>,
    probe: probe::Settings,
    max_panics: Option<NonZeroU64>,
}

/// What is called before each file.
type OnProgress = dyn Fn(Progress<'_>) + Send + Sync;

/// What the host application decides about one plugin.
#[derive(Clone, Default)]
struct Settings {
    worker_threads: Option<u32>,
    config: serde_json::Map<String, Value>,
    labels: Labels,
}

/// How far a directory has been loaded.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// The file that is looked at next.
    pub file: &'a str,
    /// Files done before it.
    pub done: usize,
    /// Files in all.
    pub total: usize,
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
            probe: probe::Settings::default(),
            max_panics: None,
        }
    }

    /// Loads only plugins of these names; others are skipped. Called again, it adds names.
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

    /// Loads every plugin of the directory `path` into `router`, in the order of their file names.
    ///
    /// # Errors
    ///
    /// [`LoadDirError`] when the directory itself cannot be read. A bad file is no error here: it
    /// is listed in the report.
    pub fn load_dir(
        &self,
        path: impl AsRef<Path>,
        router: &mut RunnerRouter,
    ) -> Result<LoadReport, LoadDirError> {
        let found = discover::discover(path.as_ref())?;
        let names: Vec<_> = found.iter().map(|found| found.file().to_owned()).collect();
        let (mut ended, mut ready) = (Vec::new(), Vec::new());
        for found in found {
            let (end, candidate) = match self.prepare(found) {
                Ok(candidate) => (None, Some(candidate)),
                Err(end) => (Some(end), None),
            };
            ended.push(end);
            ready.push(candidate);
        }
        let mut report = LoadReport::default();
        probe::side_by_side(
            &ready,
            self.probe.workers(),
            |candidate| Some(self.probe.probe(&candidate.as_ref()?.trial())),
            |done, probed| {
                if let Some(on_progress) = &self.on_progress {
                    on_progress(Progress {
                        file: &names[done],
                        done,
                        total: names.len(),
                    });
                }
                let end = match (&ready[done], probed()) {
                    (Some(candidate), Some(probed)) => {
                        self.finish(candidate, probed, router, report.loaded())
                    }
                    _ => ended[done]
                        .take()
                        .expect("a file that is not ready has ended"),
                };
                report.add(end);
            },
        );
        info!(
            loaded = report.loaded().len(),
            rejected = report.rejected().len(),
            skipped = report.skipped().len(),
            "loaded the plugin directory {}",
            path.as_ref().display(),
        );
        Ok(report)
    }

    /// Takes a file through the stages before its probe.
    fn prepare(&self, found: Found) -> Result<Ready, End> {
        let candidate = match found {
            Found::Candidate(candidate) => candidate,
            Found::Skipped(skipped) => return Err(End::Skipped(skipped)),
            Found::Rejected(file, err) => return Err(End::rejected(file, err.into())),
        };
        let file = candidate.file.clone();
        match self.prepare_candidate(candidate) {
            Ok(Ok(ready)) => Ok(ready),
            Ok(Err(reason)) => Err(End::Skipped(Skipped { file, reason })),
            Err(err) => Err(End::rejected(file, err)),
        }
    }

    /// The inner error is why it is skipped.
    fn prepare_candidate(&self, candidate: Candidate) -> Result<Result<Ready, String>, LoadError> {
        let sidecar = Sidecar::beside(&candidate)?;
        if !sidecar.enabled {
            return Ok(Err(format!("disabled in {}", sidecar.file)));
        }
        let unreadable = |source| DiscoverError::Unreadable { source };
        let file = File::open(&candidate.path).map_err(unreadable)?;
        let bytes = fs::read(&candidate.path).map_err(unreadable)?;
        let stamp = inspect::inspect(&bytes).into_stamp()?;
        if self
            .allowed
            .as_ref()
            .is_some_and(|allowed| !allowed.contains(&stamp.plugin))
        {
            return Ok(Err(format!(
                "plugin '{}' is not in the host's allow-list",
                stamp.plugin
            )));
        }
        let settings = self
            .by_plugin
            .get(&stamp.plugin)
            .cloned()
            .unwrap_or_default();
        Ok(Ok(Ready {
            digest: probe::hexadecimal(&Sha256::digest(&bytes)),
            config: settings.config.into_iter().chain(sidecar.config).collect(),
            worker_threads: settings
                .worker_threads
                .unwrap_or(self.worker_threads)
                .max(1),
            labels: [settings.labels, sidecar.labels],
            candidate,
            stamp,
            file,
        }))
    }

    /// Takes a file through the stages after its probe.
    fn finish(
        &self,
        ready: &Ready,
        probed: Result<Probe, ProbeError>,
        router: &mut RunnerRouter,
        loaded: &[LoadedPlugin],
    ) -> End {
        let load = || {
            let probe = probed?;
            register::check_name(&ready.stamp, loaded)?;
            let module = open::open(&ready.candidate.path)?;
            let connection = Connection {
                config: ready.config.clone(),
                worker_threads: ready.worker_threads,
                log: Arc::clone(&self.log),
            };
            let connected = connect::connect(module, &ready.stamp, connection, self.max_panics)?;
            Ok(register::register(ready, connected, probe, router))
        };
        match load() {
            Ok(loaded) => End::Loaded(Box::new(loaded)),
            Err(err) => End::rejected(ready.candidate.file.clone(), err),
        }
    }
}

/// A file that may be opened once it has passed its probe.
struct Ready {
    candidate: Candidate,
    file: File,
    digest: String,
    stamp: Stamp,
    config: Map<String, Value>,
    worker_threads: u32,
    /// Each wins over the one before it, and the first over the stamp's.
    labels: [Labels; 2],
}

impl Ready {
    fn trial(&self) -> Trial<'_> {
        Trial {
            file: &self.file,
            digest: &self.digest,
            path: &self.candidate.path,
            stamp: &self.stamp,
            config: &self.config,
            worker_threads: self.worker_threads,
        }
    }
}
