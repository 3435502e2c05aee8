//! A plugin's task as a [`Task`].

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use abi_stable::std_types::{RBox, RResult};
use async_ffi::FfiFuture;
use solti_plugin_abi::v1::error::FfiError;
use solti_plugin_abi::v1::task::{CancelAbi_TO, FfiTask, TaskAbi_TO};
use taskvisor::{BoxTaskFuture, Task, TaskError};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::error::task_error;
use super::plugin::Plugin;

/// A task on the other side of the boundary.
pub(super) struct ForeignTask {
    plugin: Plugin,
    name: String,
    object: TaskAbi_TO<RBox<()>>,
}

impl ForeignTask {
    pub(super) fn new(plugin: Plugin, task: FfiTask) -> Self {
        Self {
            plugin,
            name: task.name.into(),
            object: task.object,
        }
    }
}

impl Task for ForeignTask {
    fn name(&self) -> &str {
        &self.name
    }

    fn spawn(&self, ctx: CancellationToken) -> BoxTaskFuture {
        // The plugin begins an attempt before it can be told of its cancellation.
        if ctx.is_cancelled() {
            return Box::pin(std::future::ready(Err(TaskError::Canceled)));
        }
        self.plugin.refresh_log();
        let attempt = self.object.spawn();
        Box::pin(ForeignAttempt {
            plugin: self.plugin.clone(),
            outcome: attempt.outcome,
            cancel: attempt.cancel,
            cancellation: Cancellation::Unwatched(ctx),
        })
    }
}

/// Waits for an attempt that runs on the plugin's own runtime, and passes cancellation on.
///
/// Dropping it drops `outcome`, which makes the plugin abort the attempt.
struct ForeignAttempt {
    plugin: Plugin,
    outcome: FfiFuture<RResult<(), FfiError>>,
    cancel: CancelAbi_TO<RBox<()>>,
    cancellation: Cancellation,
}

// Nothing in it is pinned: the future is a pair of pointers, and the objects are boxed.
impl Unpin for ForeignAttempt {}

/// How far the supervisor's cancellation has come.
enum Cancellation {
    /// Nobody waits for it yet: an attempt that is ready at once never has to.
    Unwatched(CancellationToken),
    Watched(Pin<Box<WaitForCancellationFutureOwned>>),
    PassedOn,
}

impl Future for ForeignAttempt {
    type Output = Result<(), TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Poll::Ready(outcome) = Pin::new(&mut this.outcome).poll(cx) {
            let ended = this.plugin.answer(outcome);
            return Poll::Ready(ended.map_err(|err| task_error(this.plugin.name(), err)));
        }
        if let Cancellation::Unwatched(token) = &this.cancellation {
            this.cancellation = Cancellation::Watched(Box::pin(token.clone().cancelled_owned()));
        }
        if let Cancellation::Watched(cancelled) = &mut this.cancellation
            && cancelled.as_mut().poll(cx).is_ready()
        {
            this.cancellation = Cancellation::PassedOn;
            this.cancel.cancel();
        }
        Poll::Pending
    }
}
