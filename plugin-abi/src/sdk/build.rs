//! A build that its host waits for without a thread, and can cancel.

use std::sync::Arc;
use std::task::Poll;

use abi_stable::erased_types::TD_Opaque;
use abi_stable::std_types::{RErr, ROk};
use async_ffi::FutureExt as _;
use taskvisor::TaskRef;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::guard::{guard, guard_or_log};
use super::request::{Shared, Spec, read, started};
use super::{runtime, task};
use crate::building;
use crate::context::BuildContext;
use crate::error::RunnerError;
use crate::v1::error::{BUILD_CANCELED, FfiError};
use crate::v1::runner::{FfiBuild, FfiBuilding};
use crate::v1::task::{CancelAbi, CancelAbi_TO, FfiTask};

/// Begins a build.
pub(super) fn begin(runner: Shared, request: FfiBuild) -> FfiBuilding {
    let attempts = runtime::attempts();
    let cancel = attempts.cancel.child_token();
    let begun = match started() {
        Ok(runtime) => {
            let building = build(runner, request, cancel.clone());
            Ok(AbortOnDropHandle::new(
                attempts.builds.spawn_on(building, runtime),
            ))
        }
        Err(err) => Err(err),
    };
    // A build that is dropped is cancelled: its thread, which cannot be stopped, may look at that.
    let dropped = cancel.clone().drop_guard();
    let outcome = async move {
        let _dropped = dropped;
        match begun {
            Ok(building) => match building.await {
                Ok(Ok(task)) => ROk(task),
                Ok(Err(err)) => RErr(err),
                Err(_) => RErr(canceled()),
            },
            Err(err) => RErr(err),
        }
    };
    FfiBuilding {
        outcome: outcome.into_ffi(),
        cancel: CancelAbi_TO::from_value(Cancel(cancel), TD_Opaque),
    }
}

async fn build(
    runner: Shared,
    request: FfiBuild,
    cancel: CancellationToken,
) -> Result<FfiTask, FfiError> {
    let (spec, context) = read(request)?;
    let context = context.with_cancellation(cancel.clone());
    let building = async {
        match awaited(&runner, &spec, &context).await {
            Some(built) => built,
            None => on_a_thread(Arc::clone(&runner), spec, context).await,
        }
    };
    tokio::select! {
        biased;
        built = building => Ok(task::export(built?)),
        () = cancel.cancelled() => Err(canceled()),
    }
}

/// Builds with the author's asynchronous method, where there is one.
async fn awaited(
    runner: &Shared,
    spec: &Spec,
    context: &BuildContext,
) -> Option<Result<TaskRef, FfiError>> {
    let begun = guard(|| match spec {
        Spec::Task(spec) => runner.get().build_async(spec, context),
        Spec::Workload(workload) => runner.get().build_workload_async(workload, context),
    });
    let mut building = match begun {
        Ok(building) => building?,
        Err(panicked) => return Some(Err(panicked.into())),
    };
    let polled = std::future::poll_fn(|cx| match guard(|| building.as_mut().poll(cx)) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(built)) => Poll::Ready(built.map_err(FfiError::from)),
        Err(panicked) => Poll::Ready(Err(panicked.into())),
    });
    Some(polled.await)
}

/// Builds with the author's synchronous method, on a thread that is kept for that.
async fn on_a_thread(
    runner: Shared,
    spec: Spec,
    context: BuildContext,
) -> Result<TaskRef, FfiError> {
    let (done, built) = oneshot::channel();
    // The thread goes on when nobody waits for it any more.
    let under_way = runtime::attempts().builds.token();
    let begun = building::run(move || {
        let _under_way = under_way;
        let _entered = runtime::handle().enter();
        if done.is_closed() {
            guard_or_log("the destructor of a build", move || {
                drop((spec, context, runner))
            });
            return;
        }
        let built = guard(|| match &spec {
            Spec::Task(spec) => runner.get().build_task(spec, &context),
            Spec::Workload(workload) => runner.get().build_workload(workload, &context),
        });
        let built = match built {
            Ok(built) => built.map_err(FfiError::from),
            Err(panicked) => Err(panicked.into()),
        };
        // What nobody waits for any more is dropped here, where its destructor may run.
        guard_or_log("the destructor of a build", move || {
            drop((done.send(built), spec, context, runner))
        });
    });
    begun.map_err(|err| {
        RunnerError::Internal(format!(
            "the system has no thread to build the task on: {err}"
        ))
    })?;
    built.await.unwrap_or_else(|_| Err(canceled()))
}

fn canceled() -> FfiError {
    FfiError::new(BUILD_CANCELED, "the build was cancelled")
}

struct Cancel(CancellationToken);

impl CancelAbi for Cancel {
    fn cancel(&self) {
        // Cancelling wakes whoever waits for the token, which may run the author's code.
        guard_or_log("a cancellation", || self.0.cancel());
    }
}
