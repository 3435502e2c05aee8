//! What supervises tasks, with limits that are the service's own.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use solti_core::{ReconciliationConfig, StateConfig, SupervisorApi};
use solti_runner_published::RunnerRouter;
use taskvisor_published::{ControllerConfig, SupervisorConfig};

use super::error::ServiceError;
use crate::config::Config;
use crate::tasks::Ends;

/// What core keeps on top of the tasks that have not ended: those that have, until they are evicted.
const BESIDE: usize = 4096;

/// Changes that a client who lists or watches may be behind.
const JOURNAL: usize = 6144;

/// Events that wait for core itself.
const EVENTS: usize = 8192;

/// Builds of one runner at the same time.
const BUILDS: usize = 64;

/// Longer than a task that has ended waits for its eviction.
const NEVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// Starts core.
pub(super) async fn start(
    config: &Config,
    router: RunnerRouter,
    ends: Arc<Ends>,
) -> Result<Arc<SupervisorApi>, ServiceError> {
    let failed = |err: &dyn std::fmt::Display| ServiceError::Supervision(err.to_string());
    let most = NonZeroUsize::MIN.saturating_add(config.max_tasks + BESIDE);
    let events = NonZeroUsize::MIN.saturating_add(EVENTS - 1);
    let runtime = SupervisorConfig::new()
        .with_grace(config.grace)
        .with_max_concurrent(config.jobs.and_then(NonZeroUsize::new))
        .with_max_registered_tasks(Some(most))
        // Tasks, and those who hear of them.
        .with_ownership_capacity(Some(
            most.saturating_mul(NonZeroUsize::MIN.saturating_add(1)),
        ))
        .with_bus_capacity(events)
        .with_registry_queue_capacity(events);
    let controller = ControllerConfig::new(most, most.get());
    let state = StateConfig::new()
        .with_max_retained_tasks(Some(most))
        .with_task_ttl(NEVER)
        .with_max_retained_task_manifest_bytes(None)
        .with_max_runs_per_task(64)
        .try_with_watch_history_capacity(JOURNAL)
        .map_err(|err| failed(&err))?;
    let reconciliation = ReconciliationConfig::new()
        .try_with_max_concurrent_builds(BUILDS * 2)
        .and_then(|it| it.try_with_max_concurrent_builds_per_runner(BUILDS))
        .map_err(|err| failed(&err))?;
    let api = SupervisorApi::builder(router)
        .with_runtime_config(runtime)
        .with_controller_config(controller)
        .with_state_config(state)
        .with_reconciliation_config(reconciliation)
        .with_state_sink(ends)
        .start()
        .await
        .map_err(|err| failed(&err))?;
    Ok(Arc::new(api))
}
