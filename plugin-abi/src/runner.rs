//! The trait that every runner implements.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use serde_json::{Map, Value};
use solti_model::TaskSpec;
use taskvisor::TaskRef;

use crate::call::{self, CallFuture};
use crate::context::BuildContext;
use crate::error::RunnerError;
use crate::kinds::Kinds;
use crate::run_id::{RunId, make_run_id};
use crate::workload::Workload;

/// A build under way, as [`Runner::build_async`] answers it. Dropping it ends the build.
pub type Building<'a> = Pin<Box<dyn Future<Output = Result<TaskRef, RunnerError>> + Send + 'a>>;

/// What a runner says of its health.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Health {
    /// It can do its work.
    Ok,
    /// It can do some of it.
    Degraded(String),
    /// It cannot.
    Failed(String),
}

/// Executes tasks of one or more kinds.
///
/// A runner says whether it takes a spec and turns it into a task that a supervisor can run, retry
/// and cancel. The same implementation can be linked into a host or shipped as a plugin; the
/// differences for a plugin are listed at [`export_plugin!`](crate::export_plugin).
///
/// # Examples
///
/// ```
/// use solti_plugin_abi::{BuildContext, Runner, RunnerError};
/// use solti_model::{TaskKind, TaskSpec};
/// use taskvisor::{TaskError, TaskFn, TaskRef};
///
/// struct Nothing;
///
/// impl Runner for Nothing {
///     fn name(&self) -> &'static str {
///         "nothing"
///     }
///     fn supports(&self, spec: &TaskSpec) -> bool {
///         matches!(spec.kind(), TaskKind::Subprocess(_))
///     }
///     fn build_task(&self, spec: &TaskSpec, _: &BuildContext) -> Result<TaskRef, RunnerError> {
///         let id = self.build_run_id(spec.slot().as_str()).into_name();
///         Ok(TaskFn::arc(id, |_cancel| async { Ok::<(), TaskError>(()) }))
///     }
/// }
/// # let runner = Nothing;
/// # assert!(runner.build_run_id("slot").name().starts_with("nothing-slot-"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a runner",
    label = "does not implement `Runner`",
    note = "implement `solti_plugin_abi::Runner` for `{Self}`: `name`, `supports` and `build_task`"
)]
pub trait Runner: Send + Sync {
    /// Names the runner in logs, errors and run ids; always the same.
    fn name(&self) -> &'static str;

    /// Returns whether this runner can build a task for `spec`.
    ///
    /// A router asks this while it looks for a runner, on its caller's thread: it should answer at
    /// once.
    fn supports(&self, spec: &TaskSpec) -> bool;

    /// Builds the task that executes `spec`.
    ///
    /// It runs on the thread of the router's caller, which waits for it: what takes time belongs in
    /// the task. The task may be spawned several times, once per attempt.
    ///
    /// # Errors
    ///
    /// Any [`RunnerError`]; the router passes it to its caller unchanged.
    fn build_task(&self, spec: &TaskSpec, ctx: &BuildContext) -> Result<TaskRef, RunnerError>;

    /// Builds the id of a new run in `slot`.
    ///
    /// The default is [`make_run_id`] with this runner's name.
    fn build_run_id(&self, slot: &str) -> RunId {
        make_run_id(self.name(), slot)
    }

    /// Returns the kinds for which [`supports`](Self::supports) may answer `true`.
    ///
    /// A router does not ask `supports` about any other kind. The default is [`Kinds::ANY`]: it asks
    /// about every kind.
    ///
    /// A runner in a plugin is never asked this: the list in
    /// [`export_plugin!`](crate::export_plugin) takes its place.
    fn kinds(&self) -> Kinds {
        Kinds::ANY
    }

    /// Builds the task that executes `spec` while the host goes on with other things: the place for
    /// what takes long, such as compiling a module or pulling an image.
    ///
    /// The default, `None`, has [`build_task`](Self::build_task) called on a thread that is kept for
    /// building. A build that nobody waits for any more is dropped, and
    /// [`BuildContext::cancellation`] is cancelled. A host that builds synchronously calls `build_task`.
    fn build_async<'a>(
        &'a self,
        spec: &'a TaskSpec,
        ctx: &'a BuildContext,
    ) -> Option<Building<'a>> {
        let _ = (spec, ctx);
        None
    }

    /// Returns whether this runner can build a task for `workload`, which is of a kind that it has
    /// declared by name. The default is that it can, unless the kind is one of the model's, for which
    /// there is [`build_task`](Self::build_task).
    fn supports_workload(&self, workload: &Workload) -> bool {
        !Kinds::OF_MODEL.contains(&workload.kind)
    }

    /// Builds the task that executes `workload`: what [`build_task`](Self::build_task) is for kinds that
    /// the model has no room for.
    ///
    /// # Errors
    ///
    /// Any [`RunnerError`]; by default [`RunnerError::UnsupportedKind`].
    fn build_workload(
        &self,
        workload: &Workload,
        ctx: &BuildContext,
    ) -> Result<TaskRef, RunnerError> {
        let _ = ctx;
        Err(RunnerError::UnsupportedKind {
            runner: self.name(),
            kind: workload.kind.clone(),
        })
    }

    /// As [`build_async`](Self::build_async), for a workload.
    fn build_workload_async<'a>(
        &'a self,
        workload: &'a Workload,
        ctx: &'a BuildContext,
    ) -> Option<Building<'a>> {
        let _ = (workload, ctx);
        None
    }

    /// Answers a method of the runner's own. The default knows none.
    ///
    /// # Errors
    ///
    /// [`CallError`](crate::CallError), when the future is awaited.
    fn call<'a>(&'a self, method: &'a str, payload: Bytes) -> CallFuture<'a> {
        let _ = payload;
        call::unknown(method)
    }

    /// What the runner is for and how it is configured, for people and for programs: `text`, and
    /// `config`, a JSON schema. A host asks a plugin for it by the method `describe`, and never this
    /// method of a runner that it has loaded.
    fn describe(&self) -> Map<String, Value> {
        Map::new()
    }

    /// Whether the runner can do its work now; asked by the host at any time, also beside tasks. A host
    /// asks a plugin for it by the method `health`, which answers the worst of its runners.
    fn health(&self) -> Pin<Box<dyn Future<Output = Health> + Send + '_>> {
        Box::pin(std::future::ready(Health::Ok))
    }

    /// Why the runner, though it has declared a kind, is not asked about specs of this format; `None`
    /// where it reads them. For runners of a plugin: what is linked in reads every format of its host.
    #[doc(hidden)]
    fn unread(&self, format: u32) -> Option<String> {
        let _ = format;
        None
    }

    /// Told when the runner is to be replaced: it lets go of what it owns exclusively, such as ports and
    /// locks. What it has begun goes on. Must not block.
    fn drain(&self) {}

    /// Told when the runner is put back after a [`drain`](Self::drain), as when a host goes back to an
    /// earlier version of a plugin: it may take again what it has let go of. Must not block.
    fn resume(&self) {}
}
