//! The author's future, behind the guard.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use taskvisor::{BoxTaskFuture, TaskError, TaskRef};
use tokio_util::sync::CancellationToken;

use super::guard::{Guarded, Panicked, guard};
use super::runtime;

/// An attempt at a task: every call into the author's future, and its destructor, is guarded.
pub(super) enum Attempt {
    Running(Guarded<BoxTaskFuture>),
    /// The task panicked instead of returning a future; `None` once that has been told.
    Panicked(Option<Panicked>),
}

impl Attempt {
    /// Has `task` begin an attempt, inside the plugin's runtime.
    pub(super) fn begin(task: &TaskRef, cancel: CancellationToken) -> Self {
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
                // Destructors run now, while a panic of theirs can still be reported.
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
