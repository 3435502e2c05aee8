//! Loads a directory of plugins into a router of the published line.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use solti_model_published::Labels;
use solti_plugin_host::report::OfferedRunner;
use solti_plugin_host::{LivePlugins, LoadReport, MetricsHandle, PluginLoader, RunnerRouter};
use solti_runner_published as published;

use crate::error::BridgeError;
use crate::gvk::types_of;
use crate::output::{OutputRoute, PublishedSinks};
use crate::runner;

/// Loads all good plugins of a directory into `router`, behind the runners that are there.
///
/// Blocks as [`PluginLoader::load_dir`] does: from milliseconds to a few seconds.
///
/// # Errors
///
/// When the directory as a whole cannot be used. What is wrong with a file, or with one runner of it, is
/// in the result, and stops no other.
pub fn load_dir(
    path: impl AsRef<Path>,
    router: &mut published::RunnerRouter,
) -> Result<Bridged, BridgeError> {
    Bridge::new(PluginLoader::new()).load_dir(path, router)
}

/// Loads plugins with options, and lets their output go where it is wanted.
pub struct Bridge {
    loader: PluginLoader,
    output: Arc<dyn OutputRoute>,
    metrics: Option<MetricsHandle>,
    composites: bool,
}

/// What became of a directory.
#[derive(Debug)]
#[non_exhaustive]
pub struct Bridged {
    /// What became of each file.
    pub report: LoadReport,
    /// The runners that are in the router, in routing order.
    pub runners: Vec<BridgedRunner>,
    /// The runners that are not.
    pub left_out: Vec<NotBridged>,
    /// All runners of these plugins, behind their own contract.
    pub router: Arc<RunnerRouter>,
}

/// A runner that is in the router.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BridgedRunner {
    /// The plugin's name.
    pub plugin: String,
    /// The name in the router: the runner's own, after its plugin's where another has it already.
    pub name: String,
    /// Kinds of it that the published line has no name for: they are neither one of the model nor
    /// `group/version/Kind`.
    pub unnamed_kinds: Vec<String>,
}

/// A runner that is not in the router.
#[derive(Debug)]
#[non_exhaustive]
pub struct NotBridged {
    /// The plugin's name.
    pub plugin: String,
    /// The runner's name.
    pub runner: String,
    /// Why.
    pub reason: String,
}

impl Bridge {
    /// A bridge for what this loader loads.
    #[must_use]
    pub fn new(loader: PluginLoader) -> Self {
        Self {
            loader,
            output: Arc::new(PublishedSinks),
            metrics: None,
            composites: false,
        }
    }

    /// Lets the output of tasks go elsewhere than to the sinks of the published context.
    #[must_use]
    pub fn with_output(mut self, route: Arc<dyn OutputRoute>) -> Self {
        self.output = route;
        self
    }

    /// Lets what runners count go elsewhere than to the metrics of the published context, which have room
    /// for errors only: attempts are counted there by who supervises them.
    #[must_use]
    pub fn with_metrics(mut self, metrics: MetricsHandle) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// Registers a runner of [`Composite`](crate::Composite) workloads as well, behind those of the
    /// plugins: chains, and what a calendar says.
    #[must_use]
    pub fn with_composites(mut self) -> Self {
        self.composites = true;
        self
    }

    /// As [`load_dir`].
    ///
    /// # Errors
    ///
    /// As [`load_dir`], and when there is another runner of composites.
    pub fn load_dir(
        &self,
        path: impl AsRef<Path>,
        router: &mut published::RunnerRouter,
    ) -> Result<Bridged, BridgeError> {
        let mut all = RunnerRouter::new();
        let report = self.loader.load_dir(path, &mut all)?;
        let all = Arc::new(all);
        let shared = self.shared(runner::Runners::Fixed(Arc::clone(&all)));
        let offered = report.loaded().iter().flat_map(|plugin| {
            let runners = plugin.runners.iter();
            runners.map(move |runner| (plugin.plugin.as_str(), runner))
        });
        let (mut runners, mut left_out) = (Vec::new(), Vec::new());
        for (position, (plugin, offered)) in offered.enumerate() {
            match register(plugin, offered, (&all, position), &shared, router) {
                Ok(runner) => runners.push(runner),
                Err(reason) => left_out.push(NotBridged {
                    plugin: plugin.to_owned(),
                    runner: offered.name.clone(),
                    reason,
                }),
            }
        }
        if self.composites {
            router.register(Arc::new(runner::Composer(shared)))?;
        }
        Ok(Bridged {
            report,
            runners,
            left_out,
            router: all,
        })
    }

    /// Registers a runner for all that the plugins in service take, whichever they are when a task is built.
    ///
    /// The published router routes by types and labels that it is told now. So that it passes on what
    /// plugins bring later, manifests go to core by [`to_core`](crate::to_core), and what core tells of
    /// them comes back by [`from_core`](crate::from_core).
    ///
    /// # Errors
    ///
    /// When another runner is called as this one, or as that of composites.
    pub fn serve(
        &self,
        plugins: Arc<LivePlugins>,
        router: &mut published::RunnerRouter,
    ) -> Result<(), BridgeError> {
        let shared = self.shared(runner::Runners::Live(plugins));
        router.register(Arc::new(runner::Delegate(Arc::clone(&shared))))?;
        if self.composites {
            router.register(Arc::new(runner::Composer(shared)))?;
        }
        Ok(())
    }

    fn shared(&self, all: runner::Runners) -> Arc<runner::Shared> {
        Arc::new(runner::Shared {
            all,
            output: Arc::clone(&self.output),
            metrics: self.metrics.clone(),
        })
    }
}

/// Registers the runner at `position` of all that were loaded.
fn register(
    plugin: &str,
    offered: &OfferedRunner,
    (all, position): (&RunnerRouter, usize),
    shared: &Arc<runner::Shared>,
    router: &mut published::RunnerRouter,
) -> Result<BridgedRunner, String> {
    let (types, unnamed_kinds) = types_of(&offered.kinds);
    if types.is_empty() {
        return Err(format!(
            "its kinds have no name in the published line, which has those of the model and \
             group/version/Kind: {}",
            unnamed_kinds.join(", ")
        ));
    }
    let (runner, own_labels) = all
        .runners()
        .nth(position)
        .expect("a report lists the runners in the order in which they were registered");
    let mut labels = Labels::new();
    for (key, value) in own_labels {
        labels.insert(key, value);
    }
    let mut refused = String::new();
    for name in [offered.name.clone(), format!("{plugin}.{}", offered.name)] {
        let mut own = RunnerRouter::new();
        own.register_with_labels(Arc::clone(runner), own_labels.clone());
        let bridge = runner::Bridge {
            name: name.clone(),
            types: types.clone(),
            own,
            shared: Arc::clone(shared),
        };
        match router.register_with_labels(Arc::new(bridge), labels.clone()) {
            Ok(()) => {
                return Ok(BridgedRunner {
                    plugin: plugin.to_owned(),
                    name,
                    unnamed_kinds,
                });
            }
            Err(err @ published::RouterError::DuplicateRunner { .. }) => {
                refused = err.to_string();
            }
            Err(err) => return Err(err.to_string()),
        }
    }
    Err(refused)
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bridge").finish_non_exhaustive()
    }
}
