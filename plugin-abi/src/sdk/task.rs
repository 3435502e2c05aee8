//! Runners, tasks and attempts as objects that cross.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use abi_stable::erased_types::TD_Opaque;
use abi_stable::std_types::{RErr, ROk, RResult, RStr, RString};
use async_ffi::FutureExt as _;
use solti_model::{RunnerEnv, TaskSpec};
use taskvisor::{BoxTaskFuture, TaskError, TaskRef};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::guard::{Guarded, Panicked, guard};
use super::remote::{HostMetrics, HostOutput};
use super::runtime;
use crate::v1::error::FfiError;
use crate::v1::runner::{FfiContext, FfiRunId, FfiRunner, RunnerAbi, RunnerAbi_TO};
use crate::v1::task::{CancelAbi, CancelAbi_TO, FfiAttempt, FfiTask, TaskAbi, TaskAbi_TO};
use crate::{BuildContext, OutputRegistry, Runner, RunnerError};

/// Hands a runner over to the host.
pub(super) fn export_runner(runner: Box<dyn Runner>) -> FfiRunner {
    let name = RStr::from_str(runner.name());
    let exported = ExportedRunner(Guarded::new("the destructor of a runner", runner));
    FfiRunner {
        name,
        object: RunnerAbi_TO::from_value(exported, TD_Opaque),
    }
}

struct ExportedRunner(Guarded<Box<dyn Runner>>);

impl RunnerAbi for ExportedRunner {
    fn supports(&self, spec: RStr<'_>) -> RResult<bool, FfiError> {
        answer(|| {
            let spec = parse_spec(&spec)?;
            Ok(self.0.get().supports(&spec))
        })
    }

    fn build_task(&self, spec: RStr<'_>, context: FfiContext<'_>) -> RResult<FfiTask, FfiError> {
        answer(|| {
            let runtime = runtime::start().map_err(|err| {
                RunnerError::Internal(format!("the plugin's runtime could not be started: {err}"))
            })?;
            let _entered = runtime.enter();
            let spec = parse_spec(&spec)?;
            let context = build_context(context)?;
            let task = self.0.get().build_task(&spec, &context)?;
            let name = RString::from(task.name());
            let exported = ExportedTask(Guarded::new("the destructor of a task", task));
            Ok(FfiTask {
                name,
                object: TaskAbi_TO::from_value(exported, TD_Opaque),
            })
        })
    }

    fn build_run_id(&self, slot: RStr<'_>) -> RResult<FfiRunId, FfiError> {
        answer(|| {
            let id = self.0.get().build_run_id(&slot);
            Ok(FfiRunId {
                seq: id.seq(),
                name: RString::from(id.into_name()),
            })
        })
    }
}

impl Drop for ExportedRunner {
    fn drop(&mut self) {
        let _entered = runtime::enter_started();
        self.0.clear();
    }
}

/// Runs `f` behind the guard and turns what it returns into what crosses.
fn answer<T>(f: impl FnOnce() -> Result<T, RunnerError>) -> RResult<T, FfiError> {
    match guard(f) {
        Ok(Ok(value)) => ROk(value),
        Ok(Err(err)) => RErr(err.into()),
        Err(panicked) => RErr(panicked.into()),
    }
}

fn parse_spec(json: &str) -> Result<TaskSpec, RunnerError> {
    serde_json::from_str(json).map_err(|err| {
        RunnerError::InvalidSpec(format!("the plugin cannot read the host's spec: {err}"))
    })
}

fn build_context(context: FfiContext<'_>) -> Result<BuildContext, RunnerError> {
    let env: RunnerEnv = serde_json::from_str(&context.env).map_err(|err| {
        RunnerError::Internal(format!(
            "the plugin cannot read the host's environment: {err}"
        ))
    })?;
    let output = OutputRegistry::remote(Box::new(HostOutput(context.output)));
    Ok(
        BuildContext::new(env, Arc::new(HostMetrics(context.metrics)))
            .with_output_registry(Arc::new(output)),
    )
}

struct ExportedTask(Guarded<TaskRef>);

impl TaskAbi for ExportedTask {
    fn spawn(&self) -> FfiAttempt {
        let attempts = runtime::attempts();
        let cancel = attempts.cancel.child_token();
        let attempt = Attempt::begin(self.0.get(), cancel.clone());
        let running = attempts.tracker.spawn_on(attempt, runtime::handle());
        FfiAttempt {
            outcome: Outcome(running).into_ffi(),
            cancel: CancelAbi_TO::from_value(Cancel(cancel), TD_Opaque),
        }
    }
}

impl Drop for ExportedTask {
    fn drop(&mut self) {
        let _entered = runtime::enter_started();
        self.0.clear();
    }
}

struct Cancel(CancellationToken);

impl CancelAbi for Cancel {
    fn cancel(&self) {
        // Cancelling wakes whoever waits for the token, which may run the author's code.
        super::guard::guard_or_log("a cancellation", || self.0.cancel());
    }
}

/// The author's future, polled and dropped behind the guard.
enum Attempt {
    Running(Guarded<BoxTaskFuture>),
    Panicked(Option<Panicked>),
}

impl Attempt {
    fn begin(task: &TaskRef, cancel: CancellationToken) -> Self {
        let entered = runtime::handle().enter();
        let begun = guard(|| task.spawn(cancel));
        drop(entered);
        match begun {
            Ok(future) => Self::Running(Guarded::new("the destructor of an attempt", future)),
            Err(panicked) => Self::Panicked(Some(panicked)),
        }
    }
}

impl Future for Attempt {
    type Output = Result<Result<(), TaskError>, Panicked>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Running(future) => {
                let Some(running) = future.get_mut() else {
                    return Poll::Pending;
                };
                let polled = guard(|| running.as_mut().poll(cx));
                let output = match polled {
                    Ok(Poll::Pending) => return Poll::Pending,
                    Ok(Poll::Ready(output)) => Ok(output),
                    Err(panicked) => Err(panicked),
                };
                // Destructors run now, while a panic of theirs still has a place to be reported.
                future.clear();
                Poll::Ready(output)
            }
            Self::Panicked(panicked) => match panicked.take() {
                Some(panicked) => Poll::Ready(Err(panicked)),
                None => Poll::Pending,
            },
        }
    }
}

/// What the host awaits: the attempt's end. Dropping it stops the attempt.
struct Outcome(JoinHandle<Result<Result<(), TaskError>, Panicked>>);

impl Future for Outcome {
    type Output = RResult<(), FfiError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|joined| match joined {
            Ok(Ok(Ok(()))) => ROk(()),
            Ok(Ok(Err(err))) => RErr(err.into()),
            Ok(Err(panicked)) => RErr(panicked.into()),
            // The runtime was shut down, or the attempt aborted.
            Err(_) => RErr(TaskError::Canceled.into()),
        })
    }
}

impl Drop for Outcome {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;
    use tokio::runtime::Handle;

    use super::*;

    /// Says, when it is dropped, whether it is inside a runtime.
    struct Dropped(Arc<Mutex<Vec<bool>>>);

    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.lock().push(Handle::try_current().is_ok());
        }
    }

    impl Runner for Dropped {
        fn name(&self) -> &'static str {
            "dropped"
        }

        fn supports(&self, _: &TaskSpec) -> bool {
            false
        }

        fn build_task(&self, _: &TaskSpec, _: &BuildContext) -> Result<TaskRef, RunnerError> {
            Err(RunnerError::Internal(String::new()))
        }
    }

    #[test]
    fn a_runner_is_dropped_inside_the_runtime_but_does_not_start_it() {
        let dropped = Arc::default();
        drop(export_runner(Box::new(Dropped(Arc::clone(&dropped)))));
        assert!(
            runtime::enter_started().is_none(),
            "dropping a runner has started the runtime"
        );
        runtime::handle();
        drop(export_runner(Box::new(Dropped(Arc::clone(&dropped)))));
        assert_eq!(*dropped.lock(), [false, true]);
    }
}
