//! A task of plugins, as one that the published line supervises.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use solti_model_published::TaskSpec;
use solti_plugin_host::solti_model::TaskId;
use solti_plugin_host::taskvisor;
use taskvisor_published::{BoxTaskFuture, Task, TaskContext, TaskError};
use tokio_util::sync::CancellationToken;

use crate::attempt::{Attempt, Attempts};
use crate::composite::{Calendar, Plan};
use crate::output::TaskOutput;

/// What each attempt does.
pub(crate) enum Body {
    /// This.
    Plan(Plan),
    /// This, whenever a calendar says so.
    Calendar(Box<Calendar>),
}

/// A task of plugins.
pub(crate) struct BridgedTask(Arc<Shared>);

/// What its attempts share.
struct Shared {
    body: Body,
    attempts: Attempts,
    timeout: Duration,
}

impl BridgedTask {
    /// A task whose output goes through this channel.
    pub(crate) fn new(
        body: Body,
        channel: TaskId,
        output: Box<dyn TaskOutput>,
        spec: &TaskSpec,
    ) -> Self {
        Self(Arc::new(Shared {
            body,
            attempts: Attempts::new(channel, output),
            timeout: Duration::from_millis(spec.timeout().as_millis()),
        }))
    }
}

impl Shared {
    async fn run(
        &self,
        attempt: Option<Attempt>,
        cancel: &CancellationToken,
    ) -> Result<(), taskvisor::TaskError> {
        match (&self.body, attempt) {
            (Body::Plan(plan), Some(mut attempt)) => plan.run(&mut attempt, cancel).await,
            (Body::Plan(_), None) => Ok(()),
            (Body::Calendar(calendar), _) => {
                calendar.run(&self.attempts, self.timeout, cancel).await
            }
        }
    }
}

impl Task for BridgedTask {
    fn spawn(&self, ctx: TaskContext) -> BoxTaskFuture {
        let shared = Arc::clone(&self.0);
        // A calendar makes its own.
        let attempt = match shared.body {
            Body::Plan(_) => Some(shared.attempts.begin(shared.timeout)),
            Body::Calendar(_) => None,
        };
        Box::pin(async move {
            let cancel = CancellationToken::new();
            let mut work = pin!(shared.run(attempt, &cancel));
            let result = tokio::select! {
                biased;
                result = &mut work => result,
                () = ctx.cancelled() => {
                    cancel.cancel();
                    work.await
                }
            };
            result.map_err(error_of)
        })
    }
}

fn error_of(err: taskvisor::TaskError) -> TaskError {
    match err {
        taskvisor::TaskError::Timeout { timeout } => TaskError::timeout(timeout),
        taskvisor::TaskError::Fatal { reason, exit_code } => {
            TaskError::fatal(reason).with_exit_code(exit_code)
        }
        taskvisor::TaskError::Fail { reason, exit_code } => {
            TaskError::fail(reason).with_exit_code(exit_code)
        }
        taskvisor::TaskError::Canceled => TaskError::Canceled,
        other => TaskError::fail(other.to_string()),
    }
}
