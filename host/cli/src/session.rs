//! One run of the program: load, submit, wait for every task, print the summary.

mod no_runner;
mod policy;
mod screen;
mod signals;
mod slots;
mod summary;
mod tasks;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use solti_plugin_host::{BuildContext, LoadReport, OutputRegistry, RunnerRouter};
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::args::{PluginArgs, SessionArgs};
use crate::exit::Exit;
use crate::loading;
use crate::metrics::{self, Counters};
use crate::output::{self, Format, Output, Writer};
use crate::present::{message, phrase};
use crate::specs::{Placed, SpecError};
use crate::supervise::Supervision;
use screen::{Drains, Screen};
use summary::Summary;
use tasks::Tasks;

/// Slots that are expected of standard input, of which nothing is known beforehand.
const SLOTS_OF_STDIN: usize = 16;

/// What is to be run, and how.
pub(crate) struct Setup<'a> {
    pub(crate) plugins: &'a PluginArgs,
    pub(crate) session: &'a SessionArgs,
    /// What the output looks like when it is not JSON.
    pub(crate) people: Format,
    /// Tasks that may run at the same time; 0 for any number.
    pub(crate) jobs: usize,
    /// Times a failed task is tried again; 0 for any number.
    pub(crate) retries: u32,
    pub(crate) tasks: Vec<Placed>,
    /// Specs that arrive later.
    pub(crate) more: Option<mpsc::Receiver<Result<Placed, SpecError>>>,
    /// What was wrong with specs so far; it has been printed.
    pub(crate) problems: Vec<String>,
}

/// Runs everything and says how the program ends.
///
/// # Errors
///
/// When the plugin directory cannot be read, or the system refuses a thread.
pub(crate) fn run(setup: Setup<'_>) -> anyhow::Result<Exit> {
    let registry = Arc::new(OutputRegistry::new(output::capacity_for(concurrency(
        &setup,
    ))));
    let counters = Arc::new(Counters::default());
    let context = BuildContext::default()
        .with_output_registry(Arc::clone(&registry))
        .with_metrics(Arc::clone(&counters) as _);
    let mut router = RunnerRouter::new().with_context(context);
    let PluginArgs { directory, loading } = setup.plugins;
    let report = loading::load(directory, loading, &mut router)?;
    for rejected in report.rejected() {
        message::warning(rejected);
    }

    let args = setup.session;
    let format = if args.json {
        Format::Json
    } else {
        setup.people
    };
    let writer = Writer::start(Output::new(format)).context("starting the writing thread")?;
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    let drains = Drains::default();
    let screen = Screen::new(Output::new(format), &writer, &drains);
    let stop = CancellationToken::new();
    let (reports, incoming) = mpsc::unbounded_channel();
    let shared = Arc::new(Supervision {
        router,
        registry: Arc::clone(&registry),
        stop: stop.clone(),
        grace: args.grace,
        retries: setup.retries,
        show: screen.show(runtime.handle().clone()),
        reports,
    });
    let (rows, arrived) = runtime.block_on(async {
        let handles = report.loaded().iter().map(|plugin| plugin.handle.clone());
        signals::watch(stop, handles.collect()).context("watching for Ctrl-C")?;
        let plugins = (&report, directory.as_path());
        let tasks = Tasks::new(shared, incoming, screen, plugins, setup.jobs);
        anyhow::Ok(tasks.run(setup.tasks, setup.more).await)
    })?;
    shut_down(&report, args.grace);
    for source in rows.iter().filter_map(|row| row.source.as_ref()) {
        // An attempt that was dropped while it began makes its channel anew.
        registry.evict(&source.id);
    }
    runtime.block_on(drains.finish(args.grace));
    runtime.shutdown_timeout(args.grace);
    let left = registry.active_channels();
    if left > 0 {
        // A plugin that asks for a sink after its task is over makes a channel nobody will evict.
        tracing::warn!("{left} output channels are left of tasks that are over");
    }

    let reader_left = writer.closed().is_cancelled();
    let written = writer.finish();
    let problems = [setup.problems, arrived].concat();
    let counts = counters.counts();
    let counted = report.metrics() + &counts.text();
    let retired = retired(&report);
    let summary = Summary::new(rows, counts, problems, retired, report.rejected());
    if !reader_left {
        summary.print(format)?;
    }
    let kept = args.summary.as_ref().map_or(Ok(()), |file| {
        summary
            .write(file)
            .with_context(|| format!("the summary cannot be written to {}", file.display()))
    });
    let measured = args
        .metrics
        .as_ref()
        .map_or(Ok(()), |file| metrics::write(file, &counted));
    let written = written.context("standard output");
    let all = [written, kept, measured];
    for failure in all.iter().filter_map(|done| done.as_ref().err()) {
        message::error(format_args!("{failure:#}"));
    }
    if all.iter().any(Result::is_err) {
        return Ok(Exit::NotWritten);
    }
    Ok(summary.exit())
}

/// Tasks that may have a channel at the same time.
fn concurrency(setup: &Setup<'_>) -> usize {
    let slots: HashSet<_> = setup.tasks.iter().map(|task| task.spec.slot()).collect();
    let of_stdin = if setup.more.is_some() {
        SLOTS_OF_STDIN
    } else {
        0
    };
    let slots = slots.len() + of_stdin;
    if setup.jobs == 0 {
        slots
    } else {
        slots.min(setup.jobs)
    }
}

/// Names the plugins that have panicked too often, and says so.
fn retired(report: &LoadReport) -> Vec<String> {
    let retired = report
        .loaded()
        .iter()
        .filter(|plugin| plugin.handle.is_retired());
    let names = retired.map(|plugin| {
        message::warning(format_args!(
            "plugin '{}' has panicked {} and got no more tasks",
            plugin.plugin,
            phrase::counted(plugin.handle.panics(), "time")
        ));
        plugin.plugin.clone()
    });
    names.collect()
}

/// Ends the runtimes of the plugins; what still runs in them belongs to no task any more.
fn shut_down(report: &LoadReport, grace: Duration) {
    for plugin in report.loaded() {
        let outcome = plugin.handle.shutdown(grace);
        if outcome.unfinished > 0 {
            message::warning(format_args!(
                "plugin '{}': {} did not end within {}",
                plugin.plugin,
                phrase::counted(outcome.unfinished, "attempt"),
                phrase::duration(grace)
            ));
        }
    }
}
