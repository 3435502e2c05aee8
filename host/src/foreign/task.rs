//! A plugin's task as a [`Task`].

use std::future::Future;
use std::os::fd::IntoRawFd as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use abi_stable::std_types::{RBox, RErr, RString};
use async_ffi::FfiFuture;
use bytes::Bytes;
use solti_plugin_abi::v1::task::{AttemptAbi_TO, FfiEnd, FfiSpawn, FfiTask, TaskAbi_TO};
use solti_plugin_abi::{AttemptOutcome, AttemptScope, CallFuture};
use taskvisor::{BoxTaskFuture, Task, TaskError};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::call;
use super::error::{details, task_error};
use super::plugin::Plugin;
use crate::services::output;

/// A task on the other side of the boundary.
pub(super) struct ForeignTask {
    plugin: Plugin,
    name: String,
    /// There until it is dropped.
    object: Option<TaskAbi_TO<RBox<()>>>,
}

impl ForeignTask {
    pub(super) fn new(plugin: Plugin, task: FfiTask) -> Self {
        Self {
            plugin,
            name: task.name.into(),
            object: Some(task.object),
        }
    }
}

impl Drop for ForeignTask {
    fn drop(&mut self) {
        if let Some(object) = self.object.take() {
            let name = std::mem::take(&mut self.name);
            self.plugin.part_with_task(name, object);
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
        // What the supervisor has left for the attempt; nothing where it knows of no such thing.
        let scope = AttemptScope::take_beginning().unwrap_or_default();
        scope.run_by(self.plugin.shared_name());
        let object = self.object.as_ref();
        let object = object.expect("it is taken by the destructor alone");
        let attempt = object.spawn(spawn_of(&scope, &self.plugin));
        let control = Arc::new(attempt.control);
        let (called, plugin) = (Arc::clone(&control), self.plugin.clone());
        scope.answer_with(Arc::new(
            move |method: &str, payload: Bytes| -> CallFuture<'static> {
                let plugin = plugin.clone();
                let take = move |answer| plugin.answer(answer);
                call::of(method, payload, take, |method, payload| {
                    called.call(method, payload)
                })
            },
        ));
        Box::pin(ForeignAttempt {
            plugin: self.plugin.clone(),
            end: attempt.end,
            control,
            scope,
            cancellation: Cancellation::Unwatched(ctx),
            ended: false,
        })
    }
}

/// What the plugin is told of an attempt that begins.
fn spawn_of(scope: &AttemptScope, plugin: &Plugin) -> FfiSpawn {
    let time_left = scope.deadline().map(|deadline| {
        deadline
            .saturating_duration_since(Instant::now())
            .as_nanos()
    });
    let context = if scope.context().is_empty() {
        RString::from("{}")
    } else {
        serde_json::Value::Object(scope.context().clone())
            .to_string()
            .into()
    };
    FfiSpawn {
        attempt: scope.number(),
        // The plugin closes it.
        stdin: scope.take_stdin().map_or(-1, |stdin| stdin.into_raw_fd()),
        time_left_nanos: time_left
            .map_or(u64::MAX, |nanos| u64::try_from(nanos).unwrap_or(u64::MAX)),
        sink: scope
            .take_sink()
            .map(|sink| output::export_sink(sink, plugin.shared_name()))
            .into(),
        context,
    }
}

/// Waits for an attempt that runs on the plugin's own runtime, and passes cancellation on.
///
/// Dropping it drops `end`, which makes the plugin abort the attempt.
struct ForeignAttempt {
    plugin: Plugin,
    end: FfiFuture<FfiEnd>,
    control: Arc<AttemptAbi_TO<RBox<()>>>,
    scope: Arc<AttemptScope>,
    cancellation: Cancellation,
    ended: bool,
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

impl ForeignAttempt {
    fn take(&self, end: FfiEnd) -> Result<(), TaskError> {
        let mut outcome = AttemptOutcome::default();
        outcome.exit_code = end.exit_code.into_option();
        outcome.signal = end.signal.into_option();
        // What is no object says nothing.
        outcome.details = serde_json::from_str(&end.details).unwrap_or_default();
        if let RErr(err) = &end.result {
            for (name, value) in details(err) {
                outcome.details.entry(name).or_insert(value);
            }
        }
        self.scope.set_outcome(outcome);
        let answer = self.plugin.answer(end.result);
        let result = answer.map_err(|err| task_error(self.plugin.name(), err));
        self.plugin.tally().ended(&result);
        result
    }
}

impl Future for ForeignAttempt {
    type Output = Result<(), TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Poll::Ready(end) = Pin::new(&mut this.end).poll(cx) {
            this.ended = true;
            return Poll::Ready(this.take(end));
        }
        if let Cancellation::Unwatched(token) = &this.cancellation {
            this.cancellation = Cancellation::Watched(Box::pin(token.clone().cancelled_owned()));
        }
        if let Cancellation::Watched(cancelled) = &mut this.cancellation
            && cancelled.as_mut().poll(cx).is_ready()
        {
            this.cancellation = Cancellation::PassedOn;
            this.control.cancel();
        }
        Poll::Pending
    }
}

impl Drop for ForeignAttempt {
    fn drop(&mut self) {
        if !self.ended {
            self.plugin.tally().dropped();
        }
        self.scope.end();
    }
}
