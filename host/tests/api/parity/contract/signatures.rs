//! Signatures, to the letter: a function that takes or returns something else does not compile.

use std::fmt::{Debug, Display};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use bytes::Bytes;
use solti_model::{Labels, OutputEvent, RunnerEnv, TaskId, TaskSpec};
use taskvisor::TaskRef;
use tokio::sync::broadcast::{Receiver, Sender};

use super::layer::{
    BuildContext, MetricsBackend, MetricsHandle, NoOpMetrics, OutputRegistry, OutputSink, RunId,
    Runner, RunnerError, RunnerErrorKind, RunnerRouter, RunnerType, TaskOutcome, make_run_id,
    noop_metrics,
};

pub(super) fn check() {
    functions();
    objects();
    traits();
}

fn functions() {
    let _: fn() -> RunnerRouter = RunnerRouter::new;
    let _: fn(RunnerRouter, BuildContext) -> RunnerRouter = RunnerRouter::with_context;
    let _: fn(&mut RunnerRouter, Arc<dyn Runner>) = RunnerRouter::register;
    let _: fn(&mut RunnerRouter, Arc<dyn Runner>, Labels) = RunnerRouter::register_with_labels;
    let _: for<'a> fn(&'a RunnerRouter, &TaskSpec) -> Option<&'a Arc<dyn Runner>> =
        RunnerRouter::pick;
    let _: fn(&RunnerRouter, &TaskSpec) -> Result<TaskRef, RunnerError> = RunnerRouter::build;
    let _: fn(&RunnerRouter, &str, &str) -> bool = RunnerRouter::contains_label;

    let _: fn(RunnerEnv, MetricsHandle) -> BuildContext = BuildContext::new;
    let _: fn(&BuildContext) -> &RunnerEnv = BuildContext::env;
    let _: fn(&BuildContext) -> &MetricsHandle = BuildContext::metrics;
    let _: fn(&BuildContext) -> &Arc<OutputRegistry> = BuildContext::output_registry;
    let _: fn(BuildContext, RunnerEnv) -> BuildContext = BuildContext::with_env;
    let _: fn(BuildContext, MetricsHandle) -> BuildContext = BuildContext::with_metrics;
    let _: fn(BuildContext, Arc<OutputRegistry>) -> BuildContext =
        BuildContext::with_output_registry;

    let _: fn(Sender<OutputEvent>, u32) -> OutputSink = OutputSink::new;
    let _: fn(&OutputSink, Bytes) = OutputSink::stdout_line;
    let _: fn(&OutputSink, Bytes) = OutputSink::stderr_line;
    let _: fn(&OutputSink) -> u32 = OutputSink::attempt;

    let _: fn(usize) -> OutputRegistry = OutputRegistry::new;
    let _: fn(&OutputRegistry, TaskId) = OutputRegistry::ensure_channel;
    let _: fn(&OutputRegistry, TaskId, u32) -> OutputSink = OutputRegistry::sink_for;
    let _: fn(&OutputRegistry, &TaskId) -> Option<Receiver<OutputEvent>> =
        OutputRegistry::subscribe;
    let _: fn(&OutputRegistry, &TaskId, u32) = OutputRegistry::announce_run_started;
    let _: fn(&OutputRegistry, &TaskId, u32, Option<i32>) = OutputRegistry::announce_run_finished;
    let _: fn(&OutputRegistry, &TaskId) = OutputRegistry::evict;
    let _: fn(&OutputRegistry) -> usize = OutputRegistry::active_channels;

    let _: fn(&str, &str) -> RunId = make_run_id;
    let _: fn(&RunId) -> &str = RunId::name;
    let _: fn(&RunId) -> u64 = RunId::seq;
    let _: fn(RunId) -> String = RunId::into_name;

    let _: fn() -> MetricsHandle = noop_metrics;
    let _: fn(RunnerType) -> &'static str = RunnerType::as_label;
    let _: fn(RunnerErrorKind) -> &'static str = RunnerErrorKind::as_label;
    let _: fn(&TaskOutcome) -> &'static str = TaskOutcome::as_label;
    let _: fn(std::io::Error) -> RunnerError = RunnerError::from;
}

fn objects() {
    let _: fn(&(dyn Runner + 'static)) -> &'static str = <dyn Runner>::name;
    let _: fn(&(dyn Runner + 'static), &TaskSpec) -> bool = <dyn Runner>::supports;
    let _: fn(&(dyn Runner + 'static), &TaskSpec, &BuildContext) -> Result<TaskRef, RunnerError> =
        <dyn Runner>::build_task;
    let _: fn(&(dyn Runner + 'static), &str) -> RunId = <dyn Runner>::build_run_id;
    let _: fn(&(dyn MetricsBackend + 'static), RunnerType) =
        <dyn MetricsBackend>::record_task_started;
    let _: fn(&(dyn MetricsBackend + 'static), RunnerType, TaskOutcome, u64) =
        <dyn MetricsBackend>::record_task_completed;
    let _: fn(&(dyn MetricsBackend + 'static), RunnerType, RunnerErrorKind) =
        <dyn MetricsBackend>::record_runner_error;
}

fn traits() {
    fn shared<T: Send + Sync + Unpin + 'static>() {}
    fn plain<T: Copy + Clone + Debug + Eq + Send + Sync + 'static>() {}
    fn caught<T: UnwindSafe>() {}
    fn caught_by_reference<T: RefUnwindSafe>() {}
    fn error<T: std::error::Error + Debug + Display + Send + Sync + 'static>() {}

    shared::<RunnerRouter>();
    shared::<BuildContext>();
    shared::<OutputRegistry>();
    shared::<OutputSink>();
    shared::<RunId>();
    shared::<MetricsHandle>();
    shared::<NoOpMetrics>();
    shared::<Arc<dyn Runner>>();
    plain::<RunnerType>();
    plain::<TaskOutcome>();
    plain::<RunnerErrorKind>();
    // The output types are left out: with tokio's feature `parking_lot`, which any crate of the build
    // may switch on, the published ones are not unwind safe.
    caught::<RunId>();
    caught::<RunnerError>();
    caught_by_reference::<RunId>();
    caught_by_reference::<RunnerError>();
    error::<RunnerError>();
}
