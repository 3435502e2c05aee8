//! Why a service does not start.

use std::io;
use std::path::PathBuf;

use solti_plugin_bridge::BridgeError;
use thiserror::Error;

use crate::config::ConfigError;
use crate::server::Address;
use crate::state::StateError;
use crate::store::StoreError;

/// Why a service does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// Its configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its state directory.
    #[error(transparent)]
    State(#[from] StateError),
    /// Its store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its plugins.
    #[error(transparent)]
    Plugins(#[from] BridgeError),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: Address,
        /// What the system says.
        source: io::Error,
    },
    /// A socket that was opened by somebody else cannot be listened on.
    #[error("a socket that was handed to this service cannot be listened on: {source}")]
    Inherited {
        /// What the system says.
        source: io::Error,
    },
    /// The file of the token.
    #[error("token file {}: {reason}", path.display())]
    Token {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Its certificates.
    #[error("{0}")]
    Tls(String),
    /// The directory of output.
    #[error("the output of tasks cannot be used: {0}")]
    Output(io::Error),
    /// What supervises tasks.
    #[error("tasks cannot be supervised: {0}")]
    Supervision(String),
}
