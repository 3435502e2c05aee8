//! Runners as objects that cross.

use std::sync::Arc;

use abi_stable::erased_types::TD_Opaque;
use abi_stable::std_types::{RErr, ROk, RResult, RStr, RString, RVec};

use super::guard::guard;
use super::request::{Exported, Shared, Spec, parse_spec, read, refusal, started};
use super::{build, door, rehearsal, runtime, task};
use crate::runner::Runner;
use crate::v1::call::FfiAnswer;
use crate::v1::error::FfiError;
use crate::v1::runner::{
    FfiBuild, FfiBuilding, FfiRunId, FfiRunner, FfiSpec, RunnerAbi, RunnerAbi_TO,
};
use crate::v1::task::FfiTask;

/// Hands a runner over to the host.
pub(super) fn export(runner: Box<dyn Runner>) -> (Shared, FfiRunner) {
    let name = RStr::from_str(runner.name());
    let shared = Exported::new(runner);
    let object = RunnerAbi_TO::from_value(ExportedRunner(Arc::clone(&shared)), TD_Opaque);
    (shared, FfiRunner { name, object })
}

struct ExportedRunner(Shared);

impl RunnerAbi for ExportedRunner {
    fn supports(&self, spec: FfiSpec<'_>) -> RResult<bool, FfiError> {
        answer(|| {
            Ok(match parse_spec(spec.format, &spec.json)? {
                Spec::Task(spec) => self.0.get().supports(&spec),
                Spec::Workload(workload) => self.0.get().supports_workload(&workload),
                Spec::Rehearsal => true,
            })
        })
    }

    fn build_now(&self, request: FfiBuild) -> RResult<FfiTask, FfiError> {
        answer(|| {
            // Until it is built the plugin is not idle; taken before it is asked whether it drains.
            let _under_way = runtime::attempts().builds.token();
            let runtime = started()?;
            let _entered = runtime.enter();
            let (spec, context) = read(request)?;
            let runner = self.0.get();
            let task = match &spec {
                Spec::Task(spec) => runner.build_task(spec, &context),
                Spec::Workload(workload) => runner.build_workload(workload, &context),
                Spec::Rehearsal => Ok(rehearsal::task(runner, &context)),
            };
            Ok(task::export(task.map_err(|err| refusal(err, &context))?))
        })
    }

    fn build(&self, request: FfiBuild) -> FfiBuilding {
        build::begin(Arc::clone(&self.0), request)
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

    fn call(&self, method: RString, payload: RVec<u8>) -> FfiAnswer {
        let runner = Arc::clone(&self.0);
        door::answer(method, payload, move |method, payload| {
            let method = method.to_owned();
            Box::pin(async move { runner.get().call(&method, payload).await })
        })
    }
}

/// Runs `f` behind the guard and turns what it returns into what crosses.
fn answer<T>(f: impl FnOnce() -> Result<T, FfiError>) -> RResult<T, FfiError> {
    match guard(f) {
        Ok(Ok(value)) => ROk(value),
        Ok(Err(err)) => RErr(err),
        Err(panicked) => RErr(panicked.into()),
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;
    use solti_model::TaskSpec;
    use taskvisor::TaskRef;
    use tokio::runtime::Handle;

    use super::*;
    use crate::{BuildContext, RunnerError};

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
