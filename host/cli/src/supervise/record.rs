//! What is known of one task, shared by its wrapper and its attempts.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use solti_model::{TaskId, TaskSpec};
use solti_plugin_host::{AttemptOutcome, RunnerError};
use taskvisor::{RestartPolicy, TaskRef};
use tokio_util::sync::CancellationToken;

use super::supervision::Supervision;
use crate::outcome::Outcome;
use crate::output::Source;

/// One task of a run.
pub(super) struct TaskRecord {
    /// The number of the task in the run.
    pub(super) number: usize,
    pub(super) spec: TaskSpec,
    pub(super) restart: RestartPolicy,
    /// How long an attempt may take.
    pub(super) timeout: Duration,
    pub(super) shared: Arc<Supervision>,
    /// There once its runner has built it, or could not.
    built: OnceLock<Result<Built, RunnerError>>,
    pub(super) progress: Mutex<Progress>,
}

/// How far the task has come.
#[derive(Default)]
pub(super) struct Progress {
    pub(super) started: Option<Instant>,
    pub(super) ended: Option<Instant>,
    pub(super) attempts: u32,
    /// Failures since the last success.
    pub(super) failures: u32,
    /// How the last attempt ended.
    pub(super) last: Option<Outcome>,
    /// What its runner said of that.
    pub(super) told: AttemptOutcome,
    /// The supervisor's token of the last attempt.
    pub(super) token: Option<CancellationToken>,
}

/// A task that its runner has built, and whose events are shown.
pub(super) struct Built {
    pub(super) task: TaskRef,
    source: Arc<Source>,
}

impl TaskRecord {
    pub(super) fn new(
        number: usize,
        spec: TaskSpec,
        restart: RestartPolicy,
        shared: Arc<Supervision>,
    ) -> Self {
        Self {
            number,
            timeout: Duration::from_millis(spec.timeout().as_millis()),
            spec,
            restart,
            shared,
            built: OnceLock::new(),
            progress: Mutex::default(),
        }
    }

    /// Has the task built, if it has not been, and its events shown.
    pub(super) fn build(&self) -> Result<&Built, &RunnerError> {
        let shared = &self.shared;
        let build = || {
            let task = shared.router.build(&self.spec)?;
            let id = TaskId::from(task.name());
            shared.registry.ensure_channel(id.clone());
            let tap = shared
                .registry
                .tap(&id, shared.tap)
                .expect("the channel has just been made, in this process");
            let source = (shared.show)(&self.spec, id, tap);
            Ok(Built { task, source })
        };
        self.built.get_or_init(build).as_ref()
    }

    /// Where its lines are counted, once it is built.
    pub(super) fn source(&self) -> Option<&Arc<Source>> {
        self.built.get()?.as_ref().ok().map(|built| &built.source)
    }

    /// Whether no runner took it when it was to be built.
    pub(super) fn found_no_runner(&self) -> bool {
        matches!(self.built.get(), Some(Err(RunnerError::NoRunner(_))))
    }

    /// How the task as a whole ended.
    pub(super) fn outcome(&self, progress: &Progress) -> Outcome {
        let Some(last) = progress.last.clone() else {
            return Outcome::abandoned();
        };
        let token = progress.token.as_ref();
        let canceled =
            self.shared.stop.is_cancelled() || token.is_some_and(CancellationToken::is_cancelled);
        if matches!(last, Outcome::Canceled { .. })
            || !canceled
            || !self.is_tried_again(progress, &last)
        {
            return last;
        }
        Outcome::canceled(format!(
            "{} after an attempt that {last}",
            self.why_canceled()
        ))
    }

    /// Whether another attempt follows one that ended like `last`.
    fn is_tried_again(&self, progress: &Progress, last: &Outcome) -> bool {
        let retries = self.shared.retries;
        let tries_left = retries == 0 || progress.failures <= retries;
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

    /// Why the task was cancelled, if it was.
    pub(super) fn why_canceled(&self) -> &'static str {
        if self.shared.stop.is_cancelled() {
            "interrupted"
        } else {
            "replaced by a later task in its slot"
        }
    }
}
