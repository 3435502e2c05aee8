//! The supervisor of a run: how it is set up, and the form in which it is given a task.

use std::sync::Arc;
use std::time::Duration;

use solti_model::TaskSpec;
use taskvisor::{ControllerConfig, ControllerSpec, Supervisor, SupervisorConfig, SupervisorHandle};

use super::policy;
use crate::supervise::{SupervisedTask, Supervision};

/// Events that the supervisor's own listeners may be behind. They act on what they hear, so none
/// may be lost.
const BUS_CAPACITY: usize = 1 << 16;

/// What the supervisor gets on top of the grace of its tasks, to stop.
pub(super) const MARGIN: Duration = Duration::from_secs(1);

/// Starts a supervisor whose tasks may take `grace` to end, and which runs `jobs` of them at the
/// same time; 0 for any number.
pub(super) fn start(grace: Duration, jobs: usize) -> SupervisorHandle {
    let config = SupervisorConfig {
        grace: grace + MARGIN,
        max_concurrent: jobs,
        bus_capacity: BUS_CAPACITY,
        ..SupervisorConfig::default()
    };
    let controller = ControllerConfig {
        max_slot_queue: usize::MAX,
        ..ControllerConfig::default()
    };
    Supervisor::builder(config)
        .with_controller(controller)
        .build()
        .serve()
}

/// The task `number` of a run, with the policies of its spec.
pub(super) fn submission(
    number: usize,
    spec: TaskSpec,
    supervision: &Arc<Supervision>,
) -> ControllerSpec {
    let restart = policy::restart(spec.restart());
    let backoff = policy::backoff(spec.backoff());
    let admission = policy::admission(spec.admission());
    let timeout = Duration::from_millis(spec.timeout().as_millis());
    let task = SupervisedTask::new(number, spec, restart, Arc::clone(supervision));
    let task = taskvisor::TaskSpec::new(Arc::new(task), restart, backoff, Some(timeout))
        .with_max_retries(supervision.retries);
    ControllerSpec::new(admission, task)
}
