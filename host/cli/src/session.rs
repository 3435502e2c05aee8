//! One run of the program, from the plugin directory to the summary.

mod host;
mod no_runner;
mod plan;
mod policy;
mod report;
mod screen;
mod signals;
mod slots;
mod summary;
mod supervisor;
mod tasks;

use std::sync::Arc;

use anyhow::Context as _;
use parking_lot::Mutex;
use solti_plugin_host::RunnerRouter;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::exit::{Exit, SIGPIPE};
use crate::output;
use crate::supervise::Supervision;
use host::Host;
pub(crate) use plan::Plan;
use screen::Screen;
use signals::Signals;
use summary::{Row, Summary};
use tasks::Tasks;

/// Runs everything and says how the program ends.
///
/// # Errors
///
/// When the plugin directory cannot be read or is not trusted, or the system refuses a thread.
pub(crate) fn run(mut plan: Plan<'_>) -> anyhow::Result<Exit> {
    let grace = plan.session.grace.into();
    let (host, router) = Host::load(&plan)?;
    let screen = Screen::start(plan.format).context("the writing thread cannot be started")?;
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    let stop = CancellationToken::new();
    let signals = Arc::default();
    let rows = run_tasks(&mut plan, &host, router, &screen, &runtime, &stop, &signals)?;
    host.shut_down(grace);
    host.close_channels(&rows);
    let hurried = plan.is_command && rows.iter().any(|row| row.outcome.was_stopped());
    let written = screen.finish(runtime, &stop, hurried, grace);
    host.warn_of_open_channels();
    let summary = Summary {
        rows,
        metrics: host.counts(),
        problems: plan.problems,
        retired: host.retired(),
        rejected: host.report().rejected(),
        is_command: plan.is_command,
        ended_by: match signals.first() {
            None if written.reader_left => Some(SIGPIPE),
            signal => signal,
        },
    };
    let exit = report::report(
        &summary,
        &host.prometheus(),
        plan.session,
        plan.format,
        written,
    );
    // What ends at once by a second signal may end in order a moment before.
    Ok(match signals.again().or(signals.first()) {
        Some(signal) if signals.again().is_some() || exit == Exit::Success => {
            Exit::Signaled(signal)
        }
        _ => exit,
    })
}

/// Runs the tasks of the plan, and those that arrive, until all are over or the run is stopped.
///
/// Takes them out of the plan, and leaves there what was wrong with specs that arrived.
fn run_tasks(
    plan: &mut Plan<'_>,
    host: &Host<'_>,
    router: RunnerRouter,
    screen: &Screen,
    runtime: &Runtime,
    stop: &CancellationToken,
    signals: &Arc<Signals>,
) -> anyhow::Result<Vec<Row>> {
    let (reports, incoming) = mpsc::unbounded_channel();
    let supervision = Supervision {
        router,
        registry: host.registry(),
        stop: stop.clone(),
        grace: plan.session.grace.into(),
        retries: plan.retries,
        tap: output::tap_options(plan.concurrency()),
        stdin: Mutex::new(plan.stdin.take()),
        show: screen.show(runtime.handle().clone()),
        reports,
    };
    let tasks = std::mem::take(&mut plan.tasks);
    let arriving = plan.arriving.take();
    runtime.block_on(async {
        signals::watch(stop.clone(), Arc::clone(signals), host.plugins())
            .context("Ctrl-C cannot be watched for")?;
        let run = Tasks::start(supervision, incoming, screen.notes(), host, plan.jobs);
        Ok(run.run(tasks, arriving, &mut plan.problems).await)
    })
}
