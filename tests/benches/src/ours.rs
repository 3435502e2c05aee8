//! Our side: runners from plugins.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

use solti_model::{OutputEvent, TaskId, TaskSpec};
use solti_plugin_host::{BuildContext, LoadReport, OutputRegistry, PluginLoader, RunnerRouter};
use taskvisor::TaskRef;
use tokio::sync::broadcast;

use crate::side::Side;

/// A host with loaded plugins.
pub struct Ours {
    /// Its registry.
    pub registry: Arc<OutputRegistry>,
    /// Its router.
    pub router: RunnerRouter,
    report: LoadReport,
}

impl Ours {
    /// Loads every plugin of a directory, with default options, for channels of `capacity` events.
    /// The runners of plugin `x` get the label `plugin = x`.
    ///
    /// # Panics
    ///
    /// When a file is rejected.
    #[must_use]
    pub fn load(directory: &Path, capacity: usize) -> Self {
        Self::load_by(PluginLoader::new(), directory, capacity)
    }

    /// As [`load`](Self::load), each plugin with so many worker threads.
    ///
    /// # Panics
    ///
    /// When a file is rejected.
    #[must_use]
    pub fn with_workers(directory: &Path, capacity: usize, workers: NonZeroU32) -> Self {
        Self::load_by(
            PluginLoader::new().worker_threads(workers),
            directory,
            capacity,
        )
    }

    fn load_by(loader: PluginLoader, directory: &Path, capacity: usize) -> Self {
        let registry = Arc::new(OutputRegistry::new(capacity));
        let context = BuildContext::default().with_output_registry(Arc::clone(&registry));
        let mut router = RunnerRouter::new().with_context(context);
        let report = loader
            .label("pusher", "plugin", "pusher")
            .label("subprocess", "plugin", "subprocess")
            .load_dir(directory, &mut router)
            .expect("the directory is there");
        assert!(report.rejected().is_empty(), "{report}");
        Self {
            registry,
            router,
            report,
        }
    }

    /// Attempts that run in the plugins.
    #[must_use]
    pub fn active_tasks(&self) -> u64 {
        let plugins = self.report.loaded().iter();
        plugins.map(|plugin| plugin.handle.active_tasks()).sum()
    }
}

impl Side for Ours {
    fn build(&self, spec: &TaskSpec) -> TaskRef {
        let task = self.router.build(spec);
        task.unwrap_or_else(|err| panic!("a plugin refused its task: {err}"))
    }

    fn subscribe(&self, task: &TaskId) -> broadcast::Receiver<OutputEvent> {
        self.registry.ensure_channel(task.clone());
        let receiver = self.registry.subscribe(task);
        receiver.expect("the channel was made just now")
    }

    fn evict(&self, task: &TaskId) {
        self.registry.evict(task);
    }

    fn active_channels(&self) -> usize {
        self.registry.active_channels()
    }
}
