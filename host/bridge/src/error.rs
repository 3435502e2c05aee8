//! Why no directory was bridged.

use solti_plugin_host::LoadDirError;
use solti_runner_published::RouterError;
use thiserror::Error;

/// Why no plugin of a directory is in the router.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BridgeError {
    /// The directory cannot be read, or is not trusted.
    #[error(transparent)]
    Load(#[from] LoadDirError),
    /// The router has a runner of that name already.
    #[error("the bridge's own runner: {0}")]
    Router(#[from] RouterError),
}
