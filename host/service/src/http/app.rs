//! What the routes work with.

use std::sync::Arc;

use solti_plugin_host::counts::Counters;
use tokio_util::sync::CancellationToken;

use super::requests::Requests;
use crate::access::Tokens;
use crate::config::ServerLimits;
use crate::plugins::Plugins;
#[cfg(feature = "queue")]
use crate::queue::Member;
use crate::tasks::Tasks;

/// What is asked of who comes over TCP.
pub(crate) struct Access {
    /// `None` where no token is asked for.
    pub(crate) tokens: Option<Tokens>,
    /// Names that the service may be called by, beside `localhost` and addresses.
    pub(crate) hosts: Vec<String>,
}

/// What the routes work with.
pub(crate) struct App {
    pub(crate) tasks: Arc<Tasks>,
    pub(crate) access: Access,
    pub(crate) plugins: Arc<Plugins>,
    /// Cancelled when streams are to end.
    pub(crate) closing: CancellationToken,
    pub(crate) limits: ServerLimits,
    /// The queue that this service takes tasks of, if there is one.
    #[cfg(feature = "queue")]
    pub(crate) queue: Option<Arc<Member>>,
    pub(super) requests: Requests,
    /// What runners count.
    pub(super) runners: Arc<Counters>,
    /// The description of all routes.
    pub(super) openapi: serde_json::Value,
}

impl App {
    pub(crate) fn new(
        tasks: Arc<Tasks>,
        access: Access,
        plugins: Arc<Plugins>,
        closing: CancellationToken,
        limits: ServerLimits,
        runners: Arc<Counters>,
    ) -> Self {
        Self {
            tasks,
            access,
            plugins,
            closing,
            limits,
            #[cfg(feature = "queue")]
            queue: None,
            requests: Requests::default(),
            runners,
            openapi: serde_json::Value::Null,
        }
    }

    /// Whether it takes tasks of a queue.
    pub(super) fn has_queue(&self) -> bool {
        #[cfg(feature = "queue")]
        return self.queue.is_some();
        #[cfg(not(feature = "queue"))]
        false
    }
}
