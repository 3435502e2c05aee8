//! Why a service has not done what it was asked for.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::address::Address;

/// Why a service has not done what it was asked for.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// Nobody answers there.
    #[error("the service at {address} cannot be reached: {source}")]
    NotReached {
        /// Where.
        address: Address,
        /// Why.
        source: io::Error,
    },
    /// There was no answer in time.
    #[error("the service at {address} has not answered within {} s", limit.as_secs())]
    TooSlow {
        /// Where.
        address: Address,
        /// How long was waited for.
        limit: Duration,
    },
    /// The connection ended in the middle.
    #[error("the connection to {address} broke: {reason}")]
    Broken {
        /// Where.
        address: Address,
        /// Why.
        reason: String,
    },
    /// The service has refused it.
    #[error("{message}")]
    Refused {
        /// The status.
        status: u16,
        /// A short name of the reason that never changes.
        code: String,
        /// What is wrong, and what to do about it.
        message: String,
    },
    /// It is no such service.
    #[error("what answers at {address} is no such service, or one of another version: {reason}")]
    NotUnderstood {
        /// Where.
        address: Address,
        /// What was wrong with the answer.
        reason: String,
    },
    /// A file of a token or of TLS cannot be used.
    #[error("{what}: {}: {reason}", path.display())]
    File {
        /// What it is for.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

impl ClientError {
    /// Whether the same may work a moment later: the service starts, or another one takes its place.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::NotReached { .. } | Self::TooSlow { .. } | Self::Broken { .. } => true,
            Self::Refused { status, .. } => matches!(status, 429 | 502..=504),
            _ => false,
        }
    }
}
