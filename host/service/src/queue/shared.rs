//! What the worker and its attempts share.

use std::time::Duration;

use solti_plugin_queue::Delivery;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::counts::Counts;
use super::running::Running;

/// What the worker and its attempts share.
pub(super) struct Shared {
    /// What the queue calls this host.
    pub(super) host: String,
    pub(super) running: Running,
    pub(super) counts: Counts,
    pub(super) stopping: CancellationToken,
    /// What waits for tasks at the moment: what is given back must not come here again.
    pub(super) asking: TaskTracker,
}

impl Shared {
    pub(super) fn new(host: &str) -> Self {
        Self {
            host: host.to_owned(),
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
