//! Why no directory was bridged.

use solti_plugin_host::LoadDirError;
use thiserror::Error;

/// Why no plugin of a directory is in the router.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BridgeError {
    /// The directory cannot be read, or is not trusted.
    #[error(transparent)]
    Load(#[from] LoadDirError),
}
