//! One run of the program, from the plugin directory to the summary.

mod check;
mod host;
mod plan;
mod report;
mod screen;
mod signals;
mod summary;
mod tasks;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use solti_plugin_host::RunnerRouter;
use solti_plugin_host::supervise::{Supervisor, SupervisorOptions};
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use crate::ended;
use crate::exit::{Exit, SIGPIPE};
use crate::open_files;
use crate::output;
pub(crate) use check::check;
use host::Host;
pub(crate) use plan::Plan;
use screen::Screen;
use signals::Signals;
#[cfg(feature = "dev")]
pub(crate) use signals::ignored;
use summary::{Row, Summary};
use tasks::Tasks;
use watch::Watch;

/// What a reader gets to take what is said at the end of a run that was to end before it was over.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Runs everything and says how the program ends.
///
/// # Errors
///
/// When the plugin directory cannot be read or is not trusted, or the system refuses a thread.
pub(crate) fn run(mut plan: Plan<'_>) -> anyhow::Result<Exit> {
    let grace = plan.session.grace.into();
    let (host, router) = Host::load(&plan)?;
    plan.fit_to(open_files::room_for_tasks());
    let screen = Screen::start(plan.format, plan.session.quiet)
        .context("the writing thread cannot be started")?;
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    let stop = CancellationToken::new();
    ended::run_begins(&stop, Exit::stopped(plan.is_command));
    let signals = Arc::default();
    let rows = run_tasks(&mut plan, &host, router, &screen, &runtime, &stop, &signals)?;
    let grace = if ended::by_plugin() {
        ended::AT_ONCE
    } else {
        grace
    };
    host.shut_down(grace);
    host.close_channels(&rows);
    let hurried = plan.is_command && rows.iter().any(|row| row.outcome.was_stopped());
    let written = screen.finish(runtime, &stop, hurried, grace);
    host.warn_of_open_channels();
    signals.wait_until_told();
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
    if stop.is_cancelled() {
        let stopped = Exit::stopped(summary.is_command);
        ended::within(LAST_WORDS, stopped.after(signals.first(), None));
    }
    let exit = report::report(
        &summary,
        &host.prometheus(),
        plan.session,
        plan.format,
        written,
    );
    // What ends at once by a second signal may end in order a moment before.
    Ok(exit.after(signals.first(), signals.again()))
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
) -> anyhow::Result<Vec<Arc<Row>>> {
    let options = SupervisorOptions::default()
        .with_jobs(plan.jobs)
        .with_grace(plan.session.grace.into())
        .with_retries(plan.retries);
    let tap = output::tap_options(plan.concurrency());
    let (watch, ends) = Watch::new(tap, screen.show(runtime.handle().clone()));
    let tasks = std::mem::take(&mut plan.tasks);
    let (stdin, arriving) = (plan.stdin.take(), plan.arriving.take());
    runtime.block_on(async {
        signals::watch(stop.clone(), Arc::clone(signals), host.plugins())
            .context("Ctrl-C cannot be watched for")?;
        let run = Tasks {
            supervisor: Supervisor::with(router, options, watch),
            ends,
            notes: screen.notes(),
            grace: plan.session.grace.into(),
            host,
            stop: stop.clone(),
            quiet: plan.session.quiet,
            entries: Vec::new(),
            live: 0,
        };
        let problems = &mut plan.problems;
        Ok(run.run(tasks, stdin, arriving, problems).await)
    })
}
