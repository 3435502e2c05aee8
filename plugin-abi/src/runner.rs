//! The trait that every runner implements.

use solti_model::TaskSpec;
use taskvisor::TaskRef;

use crate::context::BuildContext;
use crate::error::RunnerError;
use crate::kinds::Kinds;
use crate::run_id::{RunId, make_run_id};

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
}
