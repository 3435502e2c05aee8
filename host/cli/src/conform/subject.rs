//! The plugin that is tried, loaded into a host that keeps all it sees.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use solti_plugin_host::counts::{Counters, Counts};
use solti_plugin_host::taskvisor::TaskRef;
use solti_plugin_host::{
    BuildContext, OutputRegistry, Plugin, PluginLoader, RunnerError, RunnerRouter,
};
use tokio::runtime::{Builder, Runtime};

use super::recorder::Recorder;
use super::request::Request;
use super::tasks::{Does, Task, Work};
use super::verdict::{Tried, Unmet, broken, untried};
use crate::flags::flag;

/// A plugin that has been loaded, and the host around it.
pub(super) struct Subject<'a> {
    request: &'a Request,
    pub(super) router: RunnerRouter,
    pub(super) plugin: Plugin,
    pub(super) recorder: Recorder,
    counters: Arc<Counters>,
    pub(super) runtime: Runtime,
}

/// Why a plugin is not loaded.
pub(super) enum NotLoaded {
    /// The host refuses it, and says so.
    Refused { fact: String, advice: String },
    /// The host has something wrong.
    Failed(String),
}

impl<'a> Subject<'a> {
    /// Loads the plugin, for a rule that is about something else.
    pub(super) fn load(request: &'a Request) -> Tried<Self> {
        Self::enter(request, &request.plugins, None).map_err(|err| match err {
            NotLoaded::Refused { fact, .. } => untried(format!("it does not load: {fact}")),
            NotLoaded::Failed(why) => untried(why),
        })
    }

    /// Loads the one plugin of a directory, under another name than its own if there is one.
    pub(super) fn enter(
        request: &'a Request,
        directory: &Path,
        name: Option<&str>,
    ) -> Result<Self, NotLoaded> {
        let failed =
            |what: &str, err: &dyn std::fmt::Display| NotLoaded::Failed(format!("{what}: {err}"));
        let runtime = Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(|err| failed("no runtime can be started", &err))?;
        let (recorder, counters) = (Recorder::new(), Arc::new(Counters::default()));
        let context = BuildContext::default()
            .with_output_registry(Arc::new(OutputRegistry::with_backend(recorder.clone())))
            .with_metrics(Arc::clone(&counters) as _);
        let mut router = RunnerRouter::new().with_context(context);
        let report = loader(request, name)
            .map_err(|err| failed("its configuration", &err))?
            .load_dir(directory, &mut router)
            .map_err(|err| failed("its copy cannot be loaded", &err.sentence(flag)))?;
        if let Some(rejected) = report.rejected().first() {
            return Err(NotLoaded::Refused {
                fact: rejected.error.refusal().to_string(),
                advice: rejected.advice(),
            });
        }
        let Some(loaded) = report.loaded().first() else {
            return Err(NotLoaded::Failed("its sidecar disables it".to_owned()));
        };
        Ok(Self {
            request,
            plugin: loaded.handle.clone(),
            router,
            recorder,
            counters,
            runtime,
        })
    }

    /// The task that does this.
    pub(super) fn task(&self, does: Does) -> Tried<&'a Task> {
        self.request.tasks.get(does).ok_or_else(|| {
            let name = does.name();
            untried(format!("there is no task '{name}': give one by --tasks"))
        })
    }

    /// Builds the task that does this.
    pub(super) fn build(&self, does: Does) -> Tried<TaskRef> {
        let task = self.task(does)?;
        self.build_work(&task.work)
            .map_err(|err| not_kept(does, task, &format!("could not be built: {err}")))
    }

    pub(super) fn build_work(&self, work: &Work) -> Result<TaskRef, RunnerError> {
        match work {
            Work::Spec(spec) => self.router.build(spec),
            Work::Workload(workload) => self.router.build_workload(workload),
        }
    }

    /// That the task which is to do this did something else.
    pub(super) fn not_kept(&self, does: Does, what: &str) -> Unmet {
        match self.request.tasks.get(does) {
            Some(task) => not_kept(does, task, what),
            None => untried(what),
        }
    }

    pub(super) fn counts(&self) -> Counts {
        self.counters.counts()
    }

    /// Lets go of the runners and shuts the plugin down.
    pub(super) fn shut_down(self, grace: Duration) -> solti_plugin_host::ShutdownOutcome {
        drop(self.router);
        self.plugin.shutdown(grace)
    }
}

/// That a task did something else than it was to do: it was given so, or is the suite's own guess.
fn not_kept(does: Does, task: &Task, what: &str) -> Unmet {
    let name = does.name();
    let fact = format!("the task '{name}' {what}");
    if task.given {
        broken(
            fact,
            format!("correct the runner, or the task '{name}' in the file of --tasks"),
        )
    } else {
        untried(format!("{fact}: give one that suits the plugin by --tasks"))
    }
}

fn loader(
    request: &Request,
    name: Option<&str>,
) -> Result<PluginLoader, solti_plugin_host::options::ConfigError> {
    // What is tried is the plugin: who may write to the file is for `check` to say. The process that
    // this runs in is what a probe would be.
    let mut loader = PluginLoader::new()
        .option_names(flag)
        .trust_any_owner()
        .trust_writable()
        .allow_noexec()
        .without_probe()
        .state_dir(request.own.join("state"));
    for (plugin, config) in &request.config {
        loader = loader.config(name.unwrap_or(plugin), config)?;
    }
    if let Some(threads) = request.workers.and_then(NonZeroU32::new) {
        loader = loader.worker_threads(threads);
    }
    Ok(loader)
}
