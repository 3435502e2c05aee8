//! Runners as objects that cross.

use std::sync::Arc;

use abi_stable::erased_types::TD_Opaque;
use abi_stable::std_types::{RErr, ROk, RResult, RStr, RString};
use solti_model::{RunnerEnv, TaskSpec};

use super::guard::{Guarded, guard};
use super::remote::{HostMetrics, HostOutput};
use super::{runtime, task};
use crate::context::BuildContext;
use crate::error::RunnerError;
use crate::output::OutputRegistry;
use crate::runner::Runner;
use crate::v1::error::FfiError;
use crate::v1::runner::{FfiContext, FfiRunId, FfiRunner, RunnerAbi, RunnerAbi_TO};
use crate::v1::task::FfiTask;

/// Hands a runner over to the host.
pub(super) fn export(runner: Box<dyn Runner>) -> FfiRunner {
    let name = RStr::from_str(runner.name());
    let exported = ExportedRunner(Guarded::new("the destructor of a runner", runner));
    FfiRunner {
        name,
        object: RunnerAbi_TO::from_value(exported, TD_Opaque),
    }
}

struct ExportedRunner(Guarded<Box<dyn Runner>>);

impl RunnerAbi for ExportedRunner {
    fn supports(&self, spec: RStr<'_>) -> RResult<bool, FfiError> {
        answer(|| {
            let spec = parse_spec(&spec)?;
            Ok(self.0.get().supports(&spec))
        })
    }

    fn build_task(&self, spec: RStr<'_>, context: FfiContext<'_>) -> RResult<FfiTask, FfiError> {
        answer(|| {
            let runtime = runtime::start().map_err(|err| {
                RunnerError::Internal(format!("the plugin's runtime could not be started: {err}"))
            })?;
            let _entered = runtime.enter();
            let spec = parse_spec(&spec)?;
            let context = build_context(context)?;
            Ok(task::export(self.0.get().build_task(&spec, &context)?))
        })
    }

    fn build_run_id(&self, slot: RStr<'_>) -> RResult<FfiRunId, FfiError> {
        answer(|| {
            let id = self.0.get().build_run_id(&slot);
            Ok(FfiRunId {
                seq: id.seq(),
                name: RString::from(id.into_name()),
            })
        })
    }
}

impl Drop for ExportedRunner {
    fn drop(&mut self) {
        let _entered = runtime::enter_started();
        self.0.clear();
    }
}

/// Runs `f` behind the guard and turns what it returns into what crosses.
fn answer<T>(f: impl FnOnce() -> Result<T, RunnerError>) -> RResult<T, FfiError> {
    match guard(f) {
        Ok(Ok(value)) => ROk(value),
        Ok(Err(err)) => RErr(err.into()),
        Err(panicked) => RErr(panicked.into()),
    }
}

fn parse_spec(json: &str) -> Result<TaskSpec, RunnerError> {
    serde_json::from_str(json).map_err(|err| {
        RunnerError::InvalidSpec(format!("the plugin cannot read the host's spec: {err}"))
    })
}

fn build_context(context: FfiContext<'_>) -> Result<BuildContext, RunnerError> {
    let env: RunnerEnv = serde_json::from_str(&context.env).map_err(|err| {
        RunnerError::Internal(format!(
            "the plugin cannot read the host's environment: {err}"
        ))
    })?;
    let output = OutputRegistry::remote(Box::new(HostOutput(context.output)));
    Ok(
        BuildContext::new(env, Arc::new(HostMetrics(context.metrics)))
            .with_output_registry(Arc::new(output)),
    )
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;
    use taskvisor::TaskRef;
    use tokio::runtime::Handle;

    use super::*;

    /// Says, when it is dropped, whether it is inside a runtime.
    struct Dropped(Arc<Mutex<Vec<bool>>>);

    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.lock().push(Handle::try_current().is_ok());
        }
    }

    impl Runner for Dropped {
        fn name(&self) -> &'static str {
            "dropped"
        }

        fn supports(&self, _: &TaskSpec) -> bool {
            false
        }

        fn build_task(&self, _: &TaskSpec, _: &BuildContext) -> Result<TaskRef, RunnerError> {
            Err(RunnerError::Internal(String::new()))
        }
    }

    #[test]
    fn a_runner_is_dropped_inside_the_runtime_but_does_not_start_it() {
        let dropped = Arc::default();
        drop(export(Box::new(Dropped(Arc::clone(&dropped)))));
        assert!(
            runtime::enter_started().is_none(),
            "dropping a runner has started the runtime"
        );
        runtime::handle();
        drop(export(Box::new(Dropped(Arc::clone(&dropped)))));
        assert_eq!(*dropped.lock(), [false, true]);
    }
}
