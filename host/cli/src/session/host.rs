//! The plugins of a run, and what the host gives them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use solti_plugin_host::{BuildContext, LoadReport, OutputRegistry, Plugin, RunnerRouter};

use super::plan::Plan;
use super::summary::Row;
use crate::present::{message, phrase};
use crate::{loading, options, shutdown};
use solti_plugin_host::counts::{Counters, Counts};
use solti_plugin_host::supervise::Submission;

/// The plugins of a run, and what the host gives them.
pub(super) struct Host<'a> {
    directory: &'a Path,
    report: LoadReport,
    registry: Arc<OutputRegistry>,
    counters: Arc<Counters>,
}

impl<'a> Host<'a> {
    /// Loads the plugins of `plan` into a router, with a warning for each file that is rejected.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read or is not trusted.
    pub(super) fn load(plan: &Plan<'a>) -> anyhow::Result<(Self, RunnerRouter)> {
        let registry = Arc::new(OutputRegistry::default());
        let counters = Arc::new(Counters::default());
        let context = BuildContext::default()
            .with_output_registry(Arc::clone(&registry))
            .with_metrics(Arc::clone(&counters) as _);
        let mut router = RunnerRouter::new().with_context(context);
        let directory = plan.session.directory.as_path();
        let loader = options::loader(&plan.session.loading)?.grace(plan.session.grace.into());
        let report = loading::load(directory, loader, &mut router)?;
        for rejected in report.rejected() {
            message::only_print_warning(rejected);
        }
        let host = Self {
            directory,
            report,
            registry,
            counters,
        };
        Ok((host, router))
    }

    /// Why none of the plugins takes this task, and what to do.
    pub(super) fn why_no_runner(&self, task: &Submission) -> String {
        match (task.spec(), task.workload()) {
            (Some(spec), _) => self.report.why_no_runner(spec, self.directory),
            (None, Some(workload)) => {
                let report = &self.report;
                report.why_no_runner_of_workload(workload, self.directory)
            }
            (None, None) => "no runner for this task".to_owned(),
        }
    }

    /// What was loaded, and what was not.
    pub(super) fn report(&self) -> &LoadReport {
        &self.report
    }

    /// The plugins that were loaded.
    pub(super) fn plugins(&self) -> Vec<Plugin> {
        shutdown::plugins_of(&self.report)
    }

    /// Ends the runtimes of the plugins; what still runs in them belongs to no task any more.
    pub(super) fn shut_down(&self, grace: Duration) {
        shutdown::shut_down(&self.report, grace);
    }

    /// Closes the channels of tasks that are over: an attempt that was dropped while it began makes
    /// its channel anew.
    pub(super) fn close_channels(&self, rows: &[Arc<Row>]) {
        for id in rows.iter().filter_map(|row| row.task.as_ref()) {
            self.registry.evict(id);
        }
    }

    /// Warns of channels that nobody will close: a plugin that asks for a sink after its task is
    /// over makes one.
    pub(super) fn warn_of_open_channels(&self) {
        let open = self.registry.active_channels();
        if open > 0 {
            tracing::warn!("{open} output channels are still open after their tasks have ended");
        }
    }

    /// The names of the plugins that have panicked too often; warns of each.
    pub(super) fn retired(&self) -> Vec<String> {
        let loaded = self.report.loaded().iter();
        let retired = loaded.filter(|plugin| plugin.handle.is_retired());
        let names = retired.map(|plugin| {
            message::only_print_warning(format_args!(
                "plugin '{}' has panicked {} and was given no more tasks",
                plugin.plugin,
                phrase::counted(plugin.handle.panics(), "time")
            ));
            plugin.plugin.clone()
        });
        names.collect()
    }

    /// What the runners have counted.
    pub(super) fn counts(&self) -> Counts {
        self.counters.counts()
    }

    /// The metrics of plugins and tasks, in Prometheus' text format.
    pub(super) fn prometheus(&self) -> String {
        self.report.metrics() + &self.counters.counts().prometheus() + &self.report.plugin_metrics()
    }
}
