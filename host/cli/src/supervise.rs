//! A task as the supervisor sees it: named after its slot, announced, and accounted for.
//!
//! The supervisor's controller admits one task of a name at a time, and names are slots to it; the
//! task a runner builds is named after its output channel. So the runner's task is wrapped. The
//! wrapper has it built when it is first admitted, so that only tasks that run have a channel.
//!
//! A task is over when nobody holds its wrapper any more: finished, refused, replaced while it
//! waited, or given up at the end. That cannot be missed, whatever events are.

mod attempt;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use solti_model::{OutputEvent, TaskId, TaskSpec};
use solti_plugin_host::{OutputRegistry, RunnerError, RunnerRouter};
use taskvisor::{BoxTaskFuture, RestartPolicy, Task, TaskRef};
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use crate::outcome::Outcome;
use crate::output::Source;
use attempt::{Attempt, fatal};

/// Shows the events of a task from now on, and says where they are counted.
pub(crate) type Show =
    dyn Fn(&TaskSpec, TaskId, broadcast::Receiver<OutputEvent>) -> Arc<Source> + Send + Sync;

/// What every task of a run shares.
pub(crate) struct Supervision {
    pub(crate) router: RunnerRouter,
    pub(crate) registry: Arc<OutputRegistry>,
    /// Cancelled when the whole run is to end.
    pub(crate) stop: CancellationToken,
    /// How long a cancelled attempt may go on.
    pub(crate) grace: Duration,
    /// Times a failed task is tried again; 0 for any number.
    pub(crate) retries: u32,
    /// Shows the events of a task that begins.
    pub(crate) show: Box<Show>,
    pub(crate) reports: mpsc::UnboundedSender<Report>,
}

/// What became of a task.
#[derive(Debug)]
pub(crate) struct Report {
    /// The number of the task in the run.
    pub(crate) number: usize,
    /// `None` when it was never begun.
    pub(crate) begun: Option<Begun>,
}

/// What became of a task that was begun.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) outcome: Outcome,
    pub(crate) attempts: u32,
    pub(crate) took: Duration,
    /// Whether the last runner that would have taken it was gone by then.
    pub(crate) found_no_runner: bool,
    /// `None` when its runner could not build it.
    pub(crate) source: Option<Arc<Source>>,
}

/// The wrapper that is submitted.
pub(crate) struct SupervisedTask {
    run: Arc<Run>,
}

/// One task of a run, shared with its attempts.
struct Run {
    number: usize,
    spec: TaskSpec,
    restart: RestartPolicy,
    timeout: Duration,
    shared: Arc<Supervision>,
    /// There once its runner has built it, or could not.
    built: OnceLock<Result<Built, RunnerError>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    began: Option<Instant>,
    ended: Option<Instant>,
    attempts: u32,
    /// Failures since the last success.
    failures: u32,
    last: Option<Outcome>,
    /// The supervisor's token of the last attempt.
    token: Option<CancellationToken>,
}

/// A task that its runner has built, and whose events are shown.
struct Built {
    task: TaskRef,
    source: Arc<Source>,
}

impl SupervisedTask {
    pub(crate) fn new(
        number: usize,
        spec: TaskSpec,
        restart: RestartPolicy,
        shared: Arc<Supervision>,
    ) -> Self {
        Self {
            run: Arc::new(Run {
                number,
                timeout: Duration::from_millis(spec.timeout().as_millis()),
                spec,
                restart,
                shared,
                built: OnceLock::new(),
                state: Mutex::default(),
            }),
        }
    }
}

impl Task for SupervisedTask {
    fn name(&self) -> &str {
        self.run.spec.slot().as_str()
    }

    fn spawn(&self, ctx: CancellationToken) -> BoxTaskFuture {
        let run = &self.run;
        if run.shared.stop.is_cancelled() {
            // The supervisor goes on with the next task of a slot while it stops.
            return Box::pin(async { Err(fatal("interrupted before it began")) });
        }
        {
            let mut state = run.state.lock();
            state.began.get_or_insert_with(Instant::now);
            state.token = Some(ctx.clone());
        }
        // A runner may take its time to build: it may compile a module, say. The timeout of the
        // attempt begins when this returns.
        match tokio::task::block_in_place(|| run.build()) {
            Ok(built) => Box::pin(Attempt::begin(Arc::clone(run), &built.task, ctx).drive()),
            Err(err) => {
                let reason = err.to_string();
                run.state.lock().last = Some(Outcome::failed(&reason));
                Box::pin(async { Err(fatal(reason)) })
            }
        }
    }
}

impl Drop for SupervisedTask {
    fn drop(&mut self) {
        let shared = &self.run.shared;
        let state = self.run.state.lock();
        let source = self.run.source().map(Arc::clone);
        if let Some(source) = &source {
            shared.registry.evict(&source.id);
        }
        let built = self.run.built.get();
        let begun = state.began.map(|began| Begun {
            found_no_runner: matches!(built, Some(Err(RunnerError::NoRunner(_)))),
            outcome: self.run.outcome(&state),
            attempts: state.attempts,
            took: state.ended.unwrap_or_else(Instant::now) - began,
            source,
        });
        let number = self.run.number;
        // Nobody listens only when the run has been given up.
        shared.reports.send(Report { number, begun }).ok();
    }
}

impl Run {
    /// Has the task built, if it has not been, and its events shown.
    fn build(&self) -> Result<&Built, &RunnerError> {
        let shared = &self.shared;
        let build = || {
            let task = shared.router.build(&self.spec)?;
            let id = TaskId::from(task.name());
            shared.registry.ensure_channel(id.clone());
            let events = shared
                .registry
                .subscribe(&id)
                .expect("the channel has just been made, in this process");
            let source = (shared.show)(&self.spec, id, events);
            Ok(Built { task, source })
        };
        self.built.get_or_init(build).as_ref()
    }

    /// Where its lines are counted, once it is built.
    fn source(&self) -> Option<&Arc<Source>> {
        self.built.get()?.as_ref().ok().map(|built| &built.source)
    }

    /// How the task as a whole ended.
    fn outcome(&self, state: &State) -> Outcome {
        let Some(last) = state.last.clone() else {
            return Outcome::canceled("given up before it ended");
        };
        let replaced = state.token.as_ref();
        let canceled = self.shared.stop.is_cancelled()
            || replaced.is_some_and(CancellationToken::is_cancelled);
        if matches!(last, Outcome::Canceled { .. }) || !canceled || !self.goes_on(state, &last) {
            return last;
        }
        Outcome::canceled(format!(
            "{} after an attempt that {last}",
            self.why_canceled()
        ))
    }

    /// Whether another attempt follows one that ended like `last`.
    fn goes_on(&self, state: &State, last: &Outcome) -> bool {
        let retries = self.shared.retries;
        let tries_left = retries == 0 || state.failures <= retries;
        match (self.restart, last) {
            (RestartPolicy::Always { .. }, Outcome::Succeeded) => true,
            (RestartPolicy::Always { .. } | RestartPolicy::OnFailure, Outcome::Failed { .. }) => {
                tries_left
            }
            // An attempt that timed out has its token cancelled for that alone.
            (RestartPolicy::Always { .. } | RestartPolicy::OnFailure, Outcome::TimedOut { .. }) => {
                tries_left && self.shared.stop.is_cancelled()
            }
            _ => false,
        }
    }

    fn why_canceled(&self) -> &'static str {
        if self.shared.stop.is_cancelled() {
            "interrupted"
        } else {
            "replaced by a later task of its slot"
        }
    }
}
