//! One attempt: announce it, run it, and record how it ended, however that was.

use std::sync::Arc;
use std::time::{Duration, Instant};

use humantime::format_duration;
use solti_model::TaskId;
use solti_plugin_abi::{AttemptControl, OutputRegistry, Spawn, SpawnedAttempt};
use taskvisor::{BoxTaskFuture, TaskError, TaskRef};
use tokio::time::{sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::observer::Observer;
use super::outcome::Outcome;
use super::running::Running;

/// Further than any deadline: what cannot be added to the time of day.
const NEVER: Duration = Duration::from_secs(u32::MAX as u64);

/// A clock that is so much behind has stood still: the machine slept, or the host was stopped.
const STOOD_STILL: Duration = Duration::from_millis(100);

/// What an attempt whose time ran out while the clock stood still gets, to say that it is done.
const TO_SAY_SO: Duration = Duration::from_secs(1);

/// What an attempt belongs to.
pub(super) struct Of<'a> {
    pub(super) running: &'a Running,
    pub(super) task: &'a TaskRef,
    pub(super) id: &'a TaskId,
    pub(super) registry: &'a Arc<OutputRegistry>,
    pub(super) observer: &'a dyn Observer,
    /// How long it may take to end once it is cancelled.
    pub(super) grace: Duration,
}

/// How an attempt ended.
pub(super) struct Attempted {
    pub(super) outcome: Outcome,
    /// Whether its runner says that another would not help.
    pub(super) is_final: bool,
}

/// An attempt that has begun. Dropped before its end, it ends as abandoned.
struct Attempt<'a> {
    of: &'a Of<'a>,
    number: u32,
    control: AttemptControl,
    has_ended: bool,
}

/// Makes an attempt, to its end.
pub(super) async fn attempt(of: Of<'_>) -> Attempted {
    let running = of.running;
    let number = {
        let mut progress = running.progress.lock();
        progress.attempts += 1;
        progress.attempts
    };
    of.registry.announce_run_started(of.id, number);
    let limit = running.submission.timeout();
    let deadline = Instant::now() + limit.min(NEVER);
    let mut spawn = Spawn::new(number).with_deadline(deadline);
    if let Some(stdin) = running.submission.take_stdin() {
        spawn = spawn.with_stdin(stdin);
    }
    let token = running.cancel.child_token();
    let SpawnedAttempt { future, control } = spawn.begin(of.task, token.clone());
    running.progress.lock().control = Some(control.clone());
    let mut attempt = Attempt {
        of: &of,
        number,
        control,
        has_ended: false,
    };
    let end = attempt.drive(future, deadline, token).await;
    let (outcome, is_final) = match end {
        End::Itself(result) => (
            attempt.outcome(&result),
            matches!(result, Err(TaskError::Fatal { .. })),
        ),
        End::TimedOut => (Outcome::TimedOut { after: limit }, false),
        End::Abandoned => {
            let why = running.why_canceled();
            let grace = format_duration(of.grace);
            let reason = format!("{why}; abandoned, as it did not end within {grace}");
            (Outcome::canceled(reason), true)
        }
    };
    attempt.end(&outcome);
    Attempted { outcome, is_final }
}

/// What ended an attempt.
enum End {
    /// It did, of its own accord or because it was asked to.
    Itself(Result<(), TaskError>),
    /// Its time was over.
    TimedOut,
    /// It did not end though it was asked to.
    Abandoned,
}

impl Attempt<'_> {
    /// Waits for the end of the attempt, and brings it about when it is time to.
    async fn drive(
        &self,
        mut work: BoxTaskFuture,
        deadline: Instant,
        token: CancellationToken,
    ) -> End {
        tokio::select! {
            biased;
            result = &mut work => return End::Itself(result),
            () = self.of.running.cancel.cancelled() => {}
            () = sleep_until(deadline.into()) => {
                // One that was done in time may not have been able to say so.
                let late = deadline.elapsed();
                if late < STOOD_STILL {
                    return End::TimedOut;
                }
                let to_say_so = late.min(TO_SAY_SO);
                return match timeout(to_say_so, work).await {
                    Ok(result) => End::Itself(result),
                    Err(_) => End::TimedOut,
                };
            }
        }
        token.cancel();
        match timeout(self.of.grace, work).await {
            Ok(result) => End::Itself(result),
            Err(_) => End::Abandoned,
        }
    }

    /// How an attempt ended whose task returned `result`.
    fn outcome(&self, result: &Result<(), TaskError>) -> Outcome {
        let running = self.of.running;
        let outcome = Outcome::of_attempt(result);
        if !running.cancel.is_cancelled() {
            return outcome;
        }
        match outcome {
            Outcome::Canceled { .. } => Outcome::canceled(running.why_canceled()),
            Outcome::Failed { reason, .. } => {
                Outcome::canceled(format!("{}: {reason}", running.why_canceled()))
            }
            outcome => outcome,
        }
    }

    /// Records and announces how the attempt ended.
    fn end(&mut self, outcome: &Outcome) {
        self.has_ended = true;
        let of = self.of;
        let told = self.control.outcome();
        let exit_code = told.exit_code.or_else(|| match outcome {
            Outcome::Succeeded => of.running.submission.code_of_success(),
            other => other.exit_code(),
        });
        of.running.attempt_ended(outcome, exit_code, told);
        let number = of.running.number;
        of.observer.attempt_ended(number, self.number, outcome);
        of.registry
            .announce_run_finished(of.id, self.number, exit_code);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.end(&Outcome::unfinished());
        }
    }
}
