//! A task: what all its attempts share.

use solti_plugin_abi::MetricsHandle;

use crate::config::Config;
use crate::request::Request;

/// What all attempts share.
pub(crate) struct Job {
    pub(crate) request: Request,
    pub(crate) config: Config,
    pub(crate) metrics: MetricsHandle,
}
