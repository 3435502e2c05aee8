//! The author's future, behind the guard.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use taskvisor::{BoxTaskFuture, TaskError, TaskRef};
use tokio_util::sync::CancellationToken;

use super::guard::{Guarded, Panicked, guard};
use super::runtime;
use super::scope::Scope;
use crate::spawn::AttemptScope;

/// An attempt at a task: every call into the author's future, and its destructor, is guarded and
/// happens in the attempt's scope.
pub(super) struct Attempt {
    scope: Arc<Scope>,
    state: State,
}

enum State {
    Running(Guarded<BoxTaskFuture>),
    /// The task panicked instead of returning a future; `None` once that has been told.
    Panicked(Option<Panicked>),
}

impl Attempt {
    /// Has `task` begin an attempt, inside the plugin's runtime, that finds what the host has told of it.
    pub(super) fn begin(
        task: &TaskRef,
        known: &Arc<AttemptScope>,
        scope: Arc<Scope>,
        cancel: CancellationToken,
    ) -> Self {
        let entered = runtime::handle().enter();
        let begun = guard(|| scope.enter(|| known.while_beginning(|| task.spawn(cancel))));
        drop(entered);
        let state = match begun {
            Ok(future) => State::Running(Guarded::new("the destructor of an attempt", future)),
            Err(panicked) => State::Panicked(Some(panicked)),
        };
        Self { scope, state }
    }
}

impl Future for Attempt {
    type Output = Result<Result<(), TaskError>, Panicked>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { scope, state } = &mut *self;
        match state {
            State::Running(future) => {
                let Some(running) = future.get_mut() else {
                    return Poll::Pending;
                };
                let polled = guard(|| scope.enter(|| running.as_mut().poll(cx)));
                let output = match polled {
                    Ok(Poll::Pending) => return Poll::Pending,
                    Ok(Poll::Ready(output)) => Ok(output),
                    Err(panicked) => Err(panicked),
                };
                // Destructors run now, while a panic of theirs can still be reported.
                scope.enter(|| future.clear());
                Poll::Ready(output)
            }
            State::Panicked(panicked) => match panicked.take() {
                Some(panicked) => Poll::Ready(Err(panicked)),
                None => Poll::Pending,
            },
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if let State::Running(future) = &mut self.state {
            self.scope.enter(|| future.clear());
        }
        // Whoever still waits for the host to take its output waits in vain.
        self.scope.end();
    }
}
