//! Tasks as objects that cross, and the attempts at them.

use std::os::fd::{FromRawFd as _, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use abi_stable::erased_types::TD_Opaque;
use abi_stable::std_types::{RErr, ROk, RResult, RString, RVec};
use async_ffi::FutureExt as _;
use serde_json::Map;
use taskvisor::{TaskError, TaskRef};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::attempt::Attempt;
use super::guard::{Guarded, guard_or_log};
use super::remote::HostSink;
use super::scope::Scope;
use super::{door, runtime};
use crate::call;
use crate::output::OutputSink;
use crate::spawn::AttemptScope;
use crate::v1::call::FfiAnswer;
use crate::v1::error::{DRAINING, FfiError};
use crate::v1::task::{
    AttemptAbi, AttemptAbi_TO, FfiAttempt, FfiEnd, FfiSpawn, FfiTask, TaskAbi, TaskAbi_TO,
};

/// Hands a task over to the host.
pub(super) fn export(task: TaskRef) -> FfiTask {
    let name = RString::from(task.name());
    let exported = ExportedTask {
        run_id: task.name().into(),
        task: Guarded::new("the destructor of a task", task),
    };
    FfiTask {
        name,
        object: TaskAbi_TO::from_value(exported, TD_Opaque),
        details: RString::new(),
    }
}

struct ExportedTask {
    run_id: Arc<str>,
    task: Guarded<TaskRef>,
}

impl TaskAbi for ExportedTask {
    fn call(&self, method: RString, payload: RVec<u8>) -> FfiAnswer {
        // A task has no methods yet.
        door::answer(method, payload, |method, _| call::unknown(method))
    }

    fn spawn(&self, spawn: FfiSpawn) -> FfiAttempt {
        let attempts = runtime::attempts();
        let cancel = attempts.cancel.child_token();
        let scope = Scope::new(
            Arc::clone(&self.run_id),
            cancel.clone(),
            deadline_of(&spawn),
        );
        let number = spawn.attempt;
        let known = Arc::new(known_of(spawn, &scope));
        if attempts.is_draining() {
            return ended(
                FfiError::new(DRAINING, "the plugin drains and begins no attempt"),
                known,
            );
        }
        let attempt = Attempt::begin(self.task.get(), &known, scope, cancel.clone());
        // The host stops an attempt by dropping its future.
        let running = AbortOnDropHandle::new(attempts.tracker.spawn_on(attempt, runtime::handle()));
        let told = Arc::clone(&known);
        let end = async move {
            let result = match running.await {
                Ok(Ok(Ok(()))) => ROk(()),
                Ok(Ok(Err(err))) => RErr(err.into()),
                Ok(Err(panicked)) => RErr(panicked.into()),
                // The runtime was shut down, or the attempt aborted.
                Err(_) => RErr(TaskError::Canceled.into()),
            };
            end_of(result, &told)
        };
        tracing::trace!(attempt = number, "an attempt has begun");
        FfiAttempt {
            end: end.into_ffi(),
            control: AttemptAbi_TO::from_value(Control { cancel, known }, TD_Opaque),
        }
    }
}

impl Drop for ExportedTask {
    fn drop(&mut self) {
        let _entered = runtime::enter_started();
        self.task.clear();
    }
}

/// An attempt that ends before it began.
fn ended(err: FfiError, known: Arc<AttemptScope>) -> FfiAttempt {
    let end = end_of(RErr(err), &known);
    let cancel = CancellationToken::new();
    FfiAttempt {
        end: std::future::ready(end).into_ffi(),
        control: AttemptAbi_TO::from_value(Control { cancel, known }, TD_Opaque),
    }
}

fn deadline_of(spawn: &FfiSpawn) -> Option<Instant> {
    match spawn.time_left_nanos {
        u64::MAX => None,
        nanos => Instant::now().checked_add(Duration::from_nanos(nanos)),
    }
}

/// What the host has told of the attempt, as its author gets it.
fn known_of(spawn: FfiSpawn, scope: &Arc<Scope>) -> AttemptScope {
    let sink = spawn.sink.into_option().map(|sink| {
        let sink = HostSink::new(sink, Arc::clone(scope));
        OutputSink::with_backend(Arc::new(sink), spawn.attempt)
    });
    // What is no object says nothing.
    let context = serde_json::from_str(&spawn.context).unwrap_or_else(|_| Map::new());
    AttemptScope::of(
        spawn.attempt,
        scope.deadline(),
        sink,
        owned(spawn.stdin),
        context,
    )
}

#[expect(unsafe_code, reason = "a descriptor crosses as a number")]
fn owned(descriptor: i32) -> Option<OwnedFd> {
    // SAFETY: a host that names a descriptor has given it away, as `FfiSpawn::stdin` says: nobody else
    // closes it. -1 is left out.
    (descriptor >= 0).then(|| unsafe { OwnedFd::from_raw_fd(descriptor) })
}

fn end_of(result: RResult<(), FfiError>, known: &AttemptScope) -> FfiEnd {
    let outcome = known.outcome();
    let exit_code = match &result {
        RErr(err) => err.exit_code.into_option().or(outcome.exit_code),
        ROk(()) => outcome.exit_code,
    };
    let details = if outcome.details.is_empty() {
        RString::new()
    } else {
        serde_json::Value::Object(outcome.details)
            .to_string()
            .into()
    };
    FfiEnd {
        result,
        exit_code: exit_code.into(),
        signal: outcome.signal.into(),
        details,
    }
}

struct Control {
    cancel: CancellationToken,
    known: Arc<AttemptScope>,
}

impl AttemptAbi for Control {
    fn cancel(&self) {
        // Cancelling wakes whoever waits for the token, which may run the author's code.
        guard_or_log("a cancellation", || self.cancel.cancel());
    }

    fn call(&self, method: RString, payload: RVec<u8>) -> FfiAnswer {
        let answers = self.known.answers();
        door::answer(method, payload, move |method, payload| match answers {
            Some(answers) => answers(method, payload),
            None => crate::call::unknown(method),
        })
    }
}
