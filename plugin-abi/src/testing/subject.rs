//! What is tested.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::heard::Heard;
use super::work::Work;
use crate::context::BuildContext;
use crate::error::RunnerError;
use crate::runner::{Building, Runner};
use crate::sdk::payload_text;

/// Called when a subject is listened to no longer; all that it has told is heard when it returns.
pub type Listening<'a> = Box<dyn FnOnce() + Send + 'a>;

/// What is tested: a runner, or a built plugin in a host.
///
/// Every [`Runner`] is one, and so is `solti_plugin_host::testing::Loaded`.
///
/// # Examples
///
/// ```
/// use solti_plugin_abi::testing::{self, Subject, command};
///
/// /// The same for a runner and for the library that is made of it.
/// fn greets(subject: &impl Subject) {
///     let ran = testing::run(subject, command("hello", ["Ada"])).blocking();
///     assert_eq!(ran.stdout(), "hello, Ada\n", "{ran:?}");
/// }
/// ```
pub trait Subject: Send + Sync {
    /// Has whichever runner takes it build the task.
    fn build<'a>(&'a self, work: &'a Work, context: &'a BuildContext) -> Building<'a>;

    /// Hears logs and measurements that do not come from this program's own code. The default hears
    /// none.
    fn listen<'a>(&'a self, heard: &Arc<Heard>) -> Option<Listening<'a>> {
        let _ = heard;
        None
    }

    /// Whether it runs by the time of day, whatever clock the test has. The default says that it does
    /// not, as a runner that is linked in.
    fn has_own_clock(&self) -> bool {
        false
    }
}

impl<R: Runner> Subject for R {
    fn build<'a>(&'a self, work: &'a Work, context: &'a BuildContext) -> Building<'a> {
        Box::pin(async move {
            let built = catch_unwind(AssertUnwindSafe(|| begin(self, work, context)));
            match built {
                Ok(Begun::Done(built)) => built,
                Ok(Begun::UnderWay(building)) => building.await,
                Err(panic) => Err(RunnerError::Internal(format!(
                    "runner '{}' panicked: {}",
                    self.name(),
                    payload_text(&*panic)
                ))),
            }
        })
    }
}

enum Begun<'a> {
    Done(Result<taskvisor::TaskRef, RunnerError>),
    UnderWay(Building<'a>),
}

/// Asks the runner as a router does. Its labels are its plugin's, so a selector finds every runner.
fn begin<'a, R: Runner>(runner: &'a R, work: &'a Work, context: &'a BuildContext) -> Begun<'a> {
    let kind = work.kind();
    let is_taken = runner.kinds().contains(kind)
        && match work {
            Work::Spec(spec) => runner.supports(spec),
            Work::Workload(workload) => runner.supports_workload(workload),
        };
    if !is_taken {
        return Begun::Done(Err(RunnerError::NoRunner(kind.to_owned())));
    }
    let under_way = match work {
        Work::Spec(spec) => runner.build_async(spec, context),
        Work::Workload(workload) => runner.build_workload_async(workload, context),
    };
    match (under_way, work) {
        (Some(building), _) => Begun::UnderWay(building),
        (None, Work::Spec(spec)) => Begun::Done(runner.build_task(spec, context)),
        (None, Work::Workload(workload)) => Begun::Done(runner.build_workload(workload, context)),
    }
}
