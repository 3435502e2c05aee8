//! A build that its host waits for without a thread, and can cancel.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use abi_stable::erased_types::TD_Opaque;
use abi_stable::std_types::{RErr, ROk};
use async_ffi::FutureExt as _;
use taskvisor::TaskRef;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::guard::{Guarded, guard, guard_or_log, guard_polls};
use super::request::{Shared, Spec, read, refusal, started};
use super::{rehearsal, runtime, task};
use crate::building;
use crate::context::BuildContext;
use crate::v1::error::{BUILD_CANCELED, FfiError};
use crate::v1::runner::{FfiBuild, FfiBuilding};
use crate::v1::task::{CancelAbi, CancelAbi_TO, FfiTask};

/// Begins a build, on a thread that is kept for building: attempts that hold up every worker of the
/// plugin's runtime do not hold it up.
pub(super) fn begin(runner: Shared, request: FfiBuild) -> FfiBuilding {
    let attempts = runtime::attempts();
    let cancel = attempts.cancel.child_token();
    // Taken before it is asked whether the plugin drains: one that is idle then stays so.
    let under_way = attempts.builds.token();
    let (done, built) = oneshot::channel();
    let begun = started().and_then(|_| {
        let cancel = cancel.clone();
        building::run(move || first_stage(runner, request, cancel, done, under_way))
            .map_err(FfiError::from)
    });
    // A build that is dropped is cancelled: its thread, which cannot be stopped, may look at that.
    let dropped = cancel.clone().drop_guard();
    let asked = cancel.clone();
    let outcome = async move {
        // Nothing more is to be cancelled once it has ended: the task may hold the build's token.
        let unfinished = dropped;
        if let Err(err) = begun {
            return RErr(err);
        }
        // The host polls this: no worker of the plugin's has to be free for a build to be cancelled.
        let built = tokio::select! {
            biased;
            built = built => built.unwrap_or_else(|_| Err(canceled())),
            () = asked.cancelled() => Err(canceled()),
        };
        match built {
            Ok(task) => {
                unfinished.disarm();
                ROk(task)
            }
            Err(err) => RErr(err),
        }
    };
    FfiBuilding {
        outcome: outcome.into_ffi(),
        cancel: CancelAbi_TO::from_value(Cancel(cancel), TD_Opaque),
    }
}

type Done = oneshot::Sender<Result<FfiTask, FfiError>>;

/// Builds on the calling thread; what the author's asynchronous method waits for goes on in the runtime.
fn first_stage(
    runner: Shared,
    request: FfiBuild,
    cancel: CancellationToken,
    done: Done,
    under_way: TaskTrackerToken,
) {
    let _entered = runtime::handle().enter();
    if done.is_closed() {
        return guard_or_log("the destructor of a build", move || drop((runner, request)));
    }
    let (spec, context) = match read(request) {
        Ok((spec, context)) => (spec, context.with_cancellation(cancel.clone())),
        Err(err) => return finish(done, Err(err)),
    };
    let mut building: Building = Box::pin(async move {
        let built = awaited(&runner, &spec, &context).await;
        (built, runner, spec, context)
    });
    match building
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready((Some(built), ..)) => finish(done, built),
        Poll::Ready((None, runner, spec, context)) => {
            let built = guard(|| match &spec {
                Spec::Task(spec) => runner.get().build_task(spec, &context),
                Spec::Workload(workload) => runner.get().build_workload(workload, &context),
                Spec::Rehearsal => Ok(rehearsal::task(runner.get(), &context)),
            });
            let built = match built {
                Ok(built) => built.map_err(|err| refusal(err, &context)),
                Err(panicked) => Err(panicked.into()),
            };
            finish(done, built);
            guard_or_log("the destructor of a build", move || {
                drop((spec, context, runner))
            });
        }
        Poll::Pending => {
            runtime::handle().spawn(async move {
                let _under_way = under_way;
                let mut building = Guarded::new("the destructor of a build", building);
                let polled = poll_fn(|cx| match building.get_mut() {
                    Some(building) => building.as_mut().poll(cx),
                    None => Poll::Pending,
                });
                tokio::select! {
                    biased;
                    (built, ..) = polled => {
                        finish(done, built.unwrap_or_else(|| Err(canceled())));
                    }
                    () = cancel.cancelled() => finish(done, Err(canceled())),
                }
            });
        }
    }
}

/// A build by the author's asynchronous method; `None` where there is none, and what it was given.
type Building = Pin<
    Box<
        dyn Future<
                Output = (
                    Option<Result<TaskRef, FfiError>>,
                    Shared,
                    Spec,
                    BuildContext,
                ),
            > + Send,
    >,
>;

/// Hands over what was built; what nobody waits for any more is dropped here, where its destructor may
/// run.
fn finish(done: Done, built: Result<TaskRef, FfiError>) {
    guard_or_log("the destructor of a build", move || {
        drop(done.send(built.map(task::export)));
    });
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
        Spec::Rehearsal => None,
    });
    let mut building = match begun {
        Ok(building) => building?,
        Err(panicked) => return Some(Err(panicked.into())),
    };
    Some(match guard_polls(&mut building).await {
        Ok(built) => built.map_err(|err| refusal(err, context)),
        Err(panicked) => Err(panicked.into()),
    })
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
