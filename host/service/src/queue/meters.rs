//! What a service counts with, for the tasks of a queue as for its own.

use std::sync::Arc;

use solti_plugin_host::MetricsHandle;

use crate::output::Written;

/// What a service counts with, for the tasks of a queue as for its own.
#[derive(Clone)]
pub(crate) struct Meters {
    /// Where runners count.
    pub(crate) runners: MetricsHandle,
    /// Where it is counted what plugins write.
    pub(crate) written: Arc<Written>,
}
