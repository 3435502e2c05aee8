//! Tasks as objects that cross, and the attempts at them.

use abi_stable::erased_types::TD_Opaque;
use abi_stable::std_types::{RErr, ROk, RString};
use async_ffi::FutureExt as _;
use taskvisor::{TaskError, TaskRef};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::attempt::Attempt;
use super::guard::{Guarded, guard_or_log};
use super::runtime;
use crate::v1::task::{CancelAbi, CancelAbi_TO, FfiAttempt, FfiTask, TaskAbi, TaskAbi_TO};

/// Hands a task over to the host.
pub(super) fn export(task: TaskRef) -> FfiTask {
    let name = RString::from(task.name());
    let exported = ExportedTask(Guarded::new("the destructor of a task", task));
    FfiTask {
        name,
        object: TaskAbi_TO::from_value(exported, TD_Opaque),
    }
}

struct ExportedTask(Guarded<TaskRef>);

impl TaskAbi for ExportedTask {
    fn spawn(&self) -> FfiAttempt {
        let attempts = runtime::attempts();
        let cancel = attempts.cancel.child_token();
        let attempt = Attempt::begin(self.0.get(), cancel.clone());
        // The host stops an attempt by dropping its future.
        let running = AbortOnDropHandle::new(attempts.tracker.spawn_on(attempt, runtime::handle()));
        let outcome = async move {
            match running.await {
                Ok(Ok(Ok(()))) => ROk(()),
                Ok(Ok(Err(err))) => RErr(err.into()),
                Ok(Err(panicked)) => RErr(panicked.into()),
                // The runtime was shut down, or the attempt aborted.
                Err(_) => RErr(TaskError::Canceled.into()),
            }
        };
        FfiAttempt {
            outcome: outcome.into_ffi(),
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
        guard_or_log("a cancellation", || self.0.cancel());
    }
}
