//! One attempt: announce it, run it, and record how it ended, however that was.

use std::sync::Arc;
use std::time::Instant;

use solti_model::{TaskId, TaskKind};
use solti_plugin_host::{AttemptControl, Spawn, SpawnedAttempt};
use taskvisor::{BoxTaskFuture, TaskError, TaskRef};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::record::TaskRecord;
use crate::outcome::Outcome;
use crate::present::phrase;

/// An attempt that has not ended. Dropped, it ends as timed out or cancelled.
pub(super) struct Attempt {
    record: Arc<TaskRecord>,
    id: TaskId,
    number: u32,
    /// Cancelled by the supervisor.
    ctx: CancellationToken,
    /// Cancelled when the runner's task is to end.
    token: CancellationToken,
    began: Instant,
    /// What the runner's task does, until it is driven.
    work: Option<BoxTaskFuture>,
    /// What the runner says of the end.
    control: AttemptControl,
    ended: bool,
}

impl Attempt {
    /// Announces an attempt at the task that the runner has built, and begins it.
    ///
    /// The runner's task begins here and not when the attempt is first polled: its own clock would
    /// start after the supervisor's, and it would take a timeout for a cancellation.
    pub(super) fn begin(record: Arc<TaskRecord>, task: &TaskRef, ctx: CancellationToken) -> Self {
        let id = TaskId::from(task.name());
        let number = {
            let mut progress = record.progress.lock();
            progress.attempts += 1;
            progress.attempts
        };
        record.shared.registry.announce_run_started(&id, number);
        let token = ctx.child_token();
        let began = Instant::now();
        let mut spawn = Spawn::new(number);
        if let Some(deadline) = began.checked_add(record.timeout) {
            spawn = spawn.with_deadline(deadline);
        }
        if let Some(stdin) = record.shared.stdin.lock().take() {
            spawn = spawn.with_stdin(stdin);
        }
        let SpawnedAttempt { future, control } = spawn.begin(task, token.clone());
        Self {
            began,
            work: Some(future),
            control,
            record,
            id,
            number,
            ctx,
            token,
            ended: false,
        }
    }

    /// Runs the attempt to its end.
    pub(super) async fn drive(mut self) -> Result<(), TaskError> {
        let mut work = self.work.take().expect("an attempt is driven once");
        let stop = &self.record.shared.stop;
        let finished = tokio::select! {
            biased;
            end = &mut work => Some(end),
            () = self.ctx.cancelled() => None,
            () = stop.cancelled() => None,
        };
        let end = if finished.is_none() {
            self.token.cancel();
            timeout(self.record.shared.grace, work).await.ok()
        } else {
            finished
        };
        let outcome = self.outcome(end.as_ref());
        let canceled = matches!(outcome, Outcome::Canceled { .. });
        self.end(outcome);
        match end {
            // A task that ends as cancelled frees its slot only where the supervisor asked for it.
            Some(Ok(())) => Ok(()),
            _ if canceled && self.ctx.is_cancelled() => Err(TaskError::Canceled),
            _ if canceled => Err(fatal("cancelled")),
            Some(end) => end,
            None => Err(TaskError::Canceled),
        }
    }

    fn outcome(&self, end: Option<&Result<(), TaskError>>) -> Outcome {
        let stopped = self.ctx.is_cancelled() || self.record.shared.stop.is_cancelled();
        let why = self.record.why_canceled();
        match end {
            None => {
                let grace = phrase::duration(self.record.shared.grace);
                Outcome::canceled(format!(
                    "{why}; abandoned, as it did not end within {grace}"
                ))
            }
            Some(Err(TaskError::Canceled)) if stopped => Outcome::canceled(why),
            Some(end) => match Outcome::of_attempt(end) {
                Outcome::Failed { reason, .. } if stopped => {
                    Outcome::canceled(format!("{why}: {reason}"))
                }
                outcome => outcome,
            },
        }
    }

    /// Records and announces how the attempt ended.
    fn end(&mut self, outcome: Outcome) {
        self.ended = true;
        let shared = &self.record.shared;
        {
            let mut progress = self.record.progress.lock();
            match &outcome {
                Outcome::Succeeded => progress.failures = 0,
                Outcome::Failed { .. } | Outcome::TimedOut { .. } => progress.failures += 1,
                Outcome::Canceled { .. } | Outcome::NotAdmitted { .. } => {}
            }
            progress.ended = Some(Instant::now());
            progress.told = self.control.outcome();
            progress.last = Some(outcome.clone());
        }
        if let Some(source) = self.record.source() {
            let told = self.control.outcome().exit_code;
            let exit_code = told.or_else(|| match &outcome {
                Outcome::Succeeded => self.code_of_success(),
                other => other.exit_code(),
            });
            source.record_outcome(outcome);
            shared
                .registry
                .announce_run_finished(&self.id, self.number, exit_code);
        }
    }

    /// Of a runner that says nothing of its end: a process that may not fail has succeeded with the code
    /// 0, of others nothing is known.
    fn code_of_success(&self) -> Option<i32> {
        match self.record.spec.kind() {
            TaskKind::Subprocess(process) if process.fail_on_non_zero.is_enabled() => Some(0),
            _ => None,
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let stopped = self.ctx.is_cancelled() || self.record.shared.stop.is_cancelled();
        // The supervisor drops an attempt at its timeout before it cancels anything.
        let outcome = if !stopped && self.began.elapsed() >= self.record.timeout {
            Outcome::TimedOut {
                after: self.record.timeout,
            }
        } else {
            Outcome::abandoned()
        };
        self.end(outcome);
    }
}

/// An error after which the supervisor tries no more and frees the slot.
pub(super) fn fatal(reason: impl ToString) -> TaskError {
    TaskError::Fatal {
        reason: reason.to_string(),
        exit_code: None,
    }
}
