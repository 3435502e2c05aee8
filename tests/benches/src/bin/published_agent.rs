//! The published line as an agent of its own: its supervision, its API and its subprocess runner, linked in.
//!
//! It prints its address, and ends with its standard input.

#![expect(
    clippy::print_stdout,
    reason = "whoever has started it reads its address"
)]

use std::io::Read as _;
use std::num::NonZeroUsize;
use std::sync::Arc;

use solti_api::{HttpApi, SupervisorApiAdapter};
use solti_core::{ReconciliationConfig, StateConfig, SupervisorApi};
use solti_exec_published::subprocess::register_subprocess_runner;
use solti_runner_published::RunnerRouter;
use taskvisor_published::{ControllerConfig, SupervisorConfig};
use tokio::net::TcpListener;

/// Its limits, raised beyond what is measured: as it comes it takes 1,024 tasks and refuses the rest.
const MOST: NonZeroUsize = NonZeroUsize::MIN.saturating_add(99_999);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut router = RunnerRouter::new();
    let _runner = register_subprocess_runner(&mut router, "subprocess")?;
    let runtime = SupervisorConfig::new()
        .with_max_registered_tasks(Some(MOST))
        .with_ownership_capacity(Some(
            MOST.saturating_mul(NonZeroUsize::MIN.saturating_add(1)),
        ))
        .with_bus_capacity(MOST)
        .with_registry_queue_capacity(MOST);
    let state = StateConfig::new()
        .with_max_retained_tasks(Some(MOST))
        .with_max_retained_task_manifest_bytes(None)
        .try_with_watch_history_capacity(16_384)?;
    let builds = ReconciliationConfig::new()
        .try_with_max_concurrent_builds(128)?
        .try_with_max_concurrent_builds_per_runner(64)?;
    let core = SupervisorApi::builder(router)
        .with_runtime_config(runtime)
        .with_controller_config(ControllerConfig::new(MOST, MOST.get()))
        .with_state_config(state)
        .with_reconciliation_config(builds)
        .start()
        .await?;
    let api = HttpApi::new(Arc::new(SupervisorApiAdapter::new(Arc::new(core)))).build();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    tokio::select! {
        served = axum::serve(listener, api.router) => served?,
        ended = ended => drop(ended??),
    }
    Ok(())
}
