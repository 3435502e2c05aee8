//! What the worker and its attempts share.

use std::sync::Arc;
use std::time::Duration;

use solti_plugin_host::supervise::{Supervisor, SupervisorOptions};
use solti_plugin_host::{LivePlugins, OutputRegistry};
use solti_plugin_queue::Delivery;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::counts::Counts;
use super::meters::Meters;
use super::running::Running;

/// What the worker and its attempts share.
pub(super) struct Shared {
    /// What the queue calls this host.
    pub(super) host: String,
    /// What runs the tasks.
    pub(super) supervisor: Supervisor,
    pub(super) meters: Meters,
    /// The channels of tasks that run.
    pub(super) registry: Arc<OutputRegistry>,
    pub(super) running: Running,
    pub(super) counts: Counts,
    pub(super) stopping: CancellationToken,
    /// What waits for tasks at the moment: what is given back must not come here again.
    pub(super) asking: TaskTracker,
}

impl Shared {
    pub(super) fn new(
        host: &str,
        plugins: Arc<LivePlugins>,
        grace: Duration,
        meters: Meters,
    ) -> Self {
        let options = SupervisorOptions::default().with_grace(grace);
        Self {
            host: host.to_owned(),
            supervisor: Supervisor::with(plugins, options, ()),
            meters,
            registry: Arc::default(),
            running: Running::default(),
            counts: Counts::default(),
            stopping: CancellationToken::new(),
            asking: TaskTracker::new(),
        }
    }

    /// Gives a task back that this service is not to end. One that stops does so when it waits for no task any
    /// more: it would get this one again, and each delivery counts.
    pub(super) async fn give_back(&self, delivery: &Delivery) {
        if self.stopping.is_cancelled() {
            self.asking.wait().await;
        }
        delivery.give_back(Duration::ZERO).await;
    }
}
