//! Runs a plan at the times of a calendar.

use std::time::{Duration, SystemTime};

use solti_cron::{CronSchedule, DateTime, Utc};
use solti_plugin_host::taskvisor::TaskError;
use tokio_util::sync::CancellationToken;

use super::plan::Plan;
use crate::attempt::Attempts;
use crate::output::Invocation;

/// How long it sleeps at most: the time of day may be set.
const LOOK: Duration = Duration::from_secs(1);

/// What is later than this is left out, as after a machine that was asleep.
const LATE: Duration = Duration::from_secs(60);

/// A plan, and when it is run.
pub(crate) struct Calendar {
    pub(crate) schedule: CronSchedule,
    pub(crate) timeout: Option<Duration>,
    pub(crate) plan: Plan,
}

impl Calendar {
    /// Runs the plan until it is cancelled: one run at a time, the times during one are left out. A run
    /// that fails is noted, and the next one comes all the same.
    pub(crate) async fn run(
        &self,
        attempts: &Attempts,
        whole: Duration,
        cancel: &CancellationToken,
    ) -> Result<(), TaskError> {
        let timeout = self.timeout.unwrap_or(whole);
        let mut after = now();
        loop {
            let due = self.schedule.next_after(after.max(now()));
            let due = due.map_err(|err| TaskError::Fatal {
                reason: err.to_string(),
                exit_code: None,
            })?;
            let late = wait(due, cancel).await?;
            after = due;
            if late <= LATE {
                self.invoke(attempts, timeout, cancel).await?;
            }
        }
    }

    /// One run. It fails only where all has been cancelled.
    async fn invoke(
        &self,
        attempts: &Attempts,
        timeout: Duration,
        cancel: &CancellationToken,
    ) -> Result<(), TaskError> {
        let mut attempt = attempts.begin(timeout);
        let mut invocation = Invocation {
            number: attempt.number(),
            started: SystemTime::now(),
            finished: None,
            phase: "running",
            exit_code: None,
            error: None,
        };
        attempts.invoked(&invocation);
        let own = cancel.child_token();
        let result = tokio::time::timeout(timeout, self.plan.run(&mut attempt, &own)).await;
        // What is left of one that took too long.
        own.cancel();
        let result = result.unwrap_or(Err(TaskError::Timeout { timeout }));
        invocation.finished = Some(SystemTime::now());
        invocation.exit_code = attempt.exit_code();
        invocation.phase = match &result {
            Ok(()) => "succeeded",
            Err(TaskError::Timeout { .. }) => "timeout",
            Err(TaskError::Canceled) => "canceled",
            Err(_) => "failed",
        };
        invocation.error = result.as_ref().err().map(ToString::to_string);
        attempts.invoked(&invocation);
        match result {
            Err(TaskError::Canceled) => Err(TaskError::Canceled),
            _ => Ok(()),
        }
    }
}

/// Waits until a time; how long ago that was then.
async fn wait(due: DateTime<Utc>, cancel: &CancellationToken) -> Result<Duration, TaskError> {
    loop {
        let now = now();
        if let Ok(late) = (now - due).to_std() {
            return Ok(late);
        }
        let left = (due - now).to_std().unwrap_or_default().min(LOOK);
        tokio::select! {
            () = cancel.cancelled() => return Err(TaskError::Canceled),
            () = tokio::time::sleep(left) => {}
        }
    }
}

fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}
