//! A task that a supervisor is given.

use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use solti_model::{AdmissionPolicy, BackoffPolicy, RestartPolicy, Slot, TaskKind, TaskSpec};
use solti_plugin_abi::{BuildContext, Runner, RunnerError, Workload};
use taskvisor::TaskRef;

use crate::router::RunnerRouter;

/// The number of a task: the first that a supervisor is given has 0, the next 1, and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskNumber(pub(super) u64);

impl TaskNumber {
    /// The number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for TaskNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A task that a supervisor is given: a spec or a workload, and what goes with it.
///
/// Specs and workloads become one by [`From`].
#[derive(Debug)]
pub struct Submission {
    work: Work,
    context: Option<Box<BuildContext>>,
    /// Taken by the first attempt.
    stdin: Mutex<Option<OwnedFd>>,
}

#[derive(Debug)]
enum Work {
    Spec(Box<TaskSpec>),
    Workload(Box<Workload>),
}

impl From<TaskSpec> for Submission {
    fn from(spec: TaskSpec) -> Self {
        Self::of(Work::Spec(Box::new(spec)))
    }
}

impl From<Workload> for Submission {
    fn from(workload: Workload) -> Self {
        Self::of(Work::Workload(Box::new(workload)))
    }
}

impl Submission {
    fn of(work: Work) -> Self {
        Self {
            work,
            context: None,
            stdin: Mutex::new(None),
        }
    }

    /// Has the task built in this context and not in the router's: with an id of its run, or what else is
    /// known of it. Its output goes to the registry of this context.
    #[must_use]
    pub fn with_context(mut self, context: BuildContext) -> Self {
        self.context = Some(Box::new(context));
        self
    }

    /// Gives the first attempt a standard input. A runner that reads none closes it.
    #[must_use]
    pub fn with_stdin(mut self, stdin: OwnedFd) -> Self {
        self.stdin = Mutex::new(Some(stdin));
        self
    }

    /// The spec; `None` for a workload.
    #[must_use]
    pub fn spec(&self) -> Option<&TaskSpec> {
        match &self.work {
            Work::Spec(spec) => Some(spec),
            Work::Workload(_) => None,
        }
    }

    /// The workload; `None` for a spec.
    #[must_use]
    pub fn workload(&self) -> Option<&Workload> {
        match &self.work {
            Work::Spec(_) => None,
            Work::Workload(workload) => Some(workload),
        }
    }

    /// The slot that the task runs in.
    #[must_use]
    pub fn slot(&self) -> &Slot {
        match &self.work {
            Work::Spec(spec) => spec.slot(),
            Work::Workload(workload) => &workload.slot,
        }
    }

    pub(super) fn admission(&self) -> AdmissionPolicy {
        match &self.work {
            Work::Spec(spec) => spec.admission(),
            Work::Workload(workload) => workload.admission,
        }
    }

    pub(super) fn restart(&self) -> RestartPolicy {
        match &self.work {
            Work::Spec(spec) => spec.restart(),
            Work::Workload(workload) => workload.restart,
        }
    }

    pub(super) fn backoff(&self) -> &BackoffPolicy {
        match &self.work {
            Work::Spec(spec) => spec.backoff(),
            Work::Workload(workload) => &workload.backoff,
        }
    }

    /// How long one attempt may take.
    pub(super) fn timeout(&self) -> Duration {
        let timeout = match &self.work {
            Work::Spec(spec) => spec.timeout(),
            Work::Workload(workload) => workload.timeout,
        };
        Duration::from_millis(timeout.as_millis())
    }

    pub(super) fn take_stdin(&self) -> Option<OwnedFd> {
        self.stdin.lock().take()
    }

    /// The runner that would take it.
    pub(super) fn pick<'r>(&self, router: &'r RunnerRouter) -> Option<&'r Arc<dyn Runner>> {
        match &self.work {
            Work::Spec(spec) => router.pick(spec),
            Work::Workload(workload) => router.pick_workload(workload),
        }
    }

    /// The context that it is built in.
    pub(super) fn context<'c>(&'c self, router: &'c RunnerRouter) -> &'c BuildContext {
        self.context.as_deref().unwrap_or(router.context())
    }

    /// The name of its kind.
    pub(super) fn kind(&self) -> &str {
        match &self.work {
            Work::Spec(spec) => spec.kind().kind(),
            Work::Workload(workload) => &workload.kind,
        }
    }

    /// The exit code of an attempt that succeeded and of which its runner says nothing: a process that may
    /// not fail has ended with 0, of others nothing is known.
    pub(super) fn code_of_success(&self) -> Option<i32> {
        match self.spec()?.kind() {
            TaskKind::Subprocess(process) if process.fail_on_non_zero.is_enabled() => Some(0),
            _ => None,
        }
    }

    /// Has its task built; dropping the future cancels that.
    pub(super) async fn build(&self, router: &RunnerRouter) -> Result<TaskRef, RunnerError> {
        let context = self.context(router).clone();
        match &self.work {
            Work::Spec(spec) => router.build_async_in(spec, context).await,
            Work::Workload(workload) => router.build_workload_async_in(workload, context).await,
        }
    }
}
