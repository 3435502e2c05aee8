//! Why a service does not start, and where one listens.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use solti_plugin_bridge::BridgeError;
use thiserror::Error;

use crate::config::ConfigError;
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
    /// The file of the token.
    #[error("token file {}: {reason}", path.display())]
    Token {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The directory of output.
    #[error("the output of tasks cannot be used: {0}")]
    Output(io::Error),
    /// What supervises tasks.
    #[error("tasks cannot be supervised: {0}")]
    Supervision(String),
}

/// Where a service listens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Address {
    /// A Unix socket.
    Unix(PathBuf),
    /// HTTP over TCP.
    Tcp(SocketAddr),
    /// gRPC over TCP.
    Grpc(SocketAddr),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(address) => write!(f, "http://{address}"),
            Self::Grpc(address) => write!(f, "grpc://{address}"),
        }
    }
}
