//! What the host asks to be built, as the author's code takes it, and the runner that builds it.

use std::sync::Arc;

use solti_model::{RunnerEnv, TaskSpec};
use tokio::runtime::Handle;

use super::guard::Guarded;
use super::probe::in_probe;
use super::remote::{HostMetrics, HostOutput};
use super::runtime;
use crate::context::BuildContext;
use crate::details::ErrorDetails;
use crate::error::RunnerError;
use crate::output::OutputRegistry;
use crate::run_id::RunId;
use crate::runner::Runner;
use crate::v1::error::{DRAINING, FfiError, UNKNOWN_FORMAT};
use crate::v1::runner::{FfiBuild, format};
use crate::workload::Workload;

/// A runner of the author's, shared by the host's calls and by the builds under way.
pub(super) type Shared = Arc<Exported>;

pub(super) struct Exported(Guarded<Box<dyn Runner>>);

impl Exported {
    pub(super) fn new(runner: Box<dyn Runner>) -> Shared {
        Arc::new(Self(Guarded::new("the destructor of a runner", runner)))
    }

    pub(super) fn get(&self) -> &dyn Runner {
        &**self.0.get()
    }
}

impl Drop for Exported {
    fn drop(&mut self) {
        let _entered = runtime::enter_started();
        self.0.clear();
    }
}

/// What a task is to be built from.
pub(super) enum Spec {
    Task(TaskSpec),
    Workload(Workload),
    /// No task of the author's: one that tries what tasks do.
    Rehearsal,
}

/// The runtime, for something to be built in it; an error where nothing is built any more.
pub(super) fn started() -> Result<&'static Handle, FfiError> {
    if runtime::attempts().is_draining() {
        return Err(FfiError::new(
            DRAINING,
            "the plugin drains and builds no task",
        ));
    }
    runtime::start().map_err(|err| {
        RunnerError::Internal(format!("the plugin's runtime could not be started: {err}")).into()
    })
}

/// What is to be built, and with what.
pub(super) fn read(request: FfiBuild) -> Result<(Spec, BuildContext), FfiError> {
    let spec = parse_spec(request.format, &request.spec)?;
    Ok((spec, build_context(request)?))
}

pub(super) fn parse_spec(format: u32, json: &str) -> Result<Spec, FfiError> {
    let parsed = match format {
        format::TASK_SPEC => serde_json::from_str(json).map(Spec::Task),
        format::WORKLOAD => serde_json::from_str(json).map(Spec::Workload),
        format::REHEARSAL if in_probe() => Ok(Spec::Rehearsal),
        unknown => {
            let text = format!(
                "the spec has format {unknown}, this plugin reads formats {}",
                format::ALL.map(|format| format.to_string()).join(" and ")
            );
            return Err(FfiError {
                nanos: unknown.into(),
                ..FfiError::new(UNKNOWN_FORMAT, text)
            });
        }
    };
    parsed.map_err(|err| {
        RunnerError::InvalidSpec(format!("the plugin cannot read the host's spec: {err}")).into()
    })
}

/// An error of the author's as it crosses, with the details that the author has given to `context`.
pub(super) fn refusal(err: RunnerError, context: &BuildContext) -> FfiError {
    let details = context.error_details().map(ErrorDetails::get);
    FfiError::from(err).with_details(details.unwrap_or_default())
}

fn build_context(request: FfiBuild) -> Result<BuildContext, FfiError> {
    let unreadable = |what: &str, err: serde_json::Error| {
        RunnerError::Internal(format!("the plugin cannot read the host's {what}: {err}"))
    };
    let env: RunnerEnv =
        serde_json::from_str(&request.env).map_err(|err| unreadable("environment", err))?;
    let metadata = serde_json::from_str(&request.metadata)
        .map_err(|err| unreadable("metadata of the task", err))?;
    let output = OutputRegistry::with_backend(HostOutput(request.output));
    let mut context = BuildContext::new(env, Arc::new(HostMetrics(request.metrics)))
        .with_output_registry(Arc::new(output))
        .with_metadata(metadata)
        .with_error_details(ErrorDetails::new());
    if !request.run_id.is_empty() {
        context = context.with_run_id(RunId::from_parts(request.run_id.into(), request.run_seq));
    }
    Ok(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rehearsal_is_no_task_outside_of_a_probe() {
        let Err(err) = parse_spec(format::REHEARSAL, "null") else {
            panic!("it is one");
        };
        assert_eq!(err.code, UNKNOWN_FORMAT);
        assert_eq!(
            err.text,
            "the spec has format 4294967295, this plugin reads formats 1 and 2"
        );
    }
}
