//! Why a task was not taken, or something was not done with it.

use solti_api::ApiError;
use solti_plugin_bridge::Unbridgeable;
use thiserror::Error;

use crate::store::StoreError;

/// Why a task was not taken, or something was not done with it.
#[derive(Debug, Error)]
pub(crate) enum Refused {
    #[error(
        "the service is about to stop and takes no more tasks; try again when the next one runs"
    )]
    Stopping,
    #[error("{0}")]
    NoRunner(String),
    #[error(
        "{limit} tasks have not ended, and no more are taken at the same time (max_tasks); try again later"
    )]
    TooMany { limit: usize },
    #[error("a task is called {name} already; delete it first, or choose another name")]
    NameTaken { name: String },
    #[error(
        "the idempotency key belongs to task {name}, which was asked for with another spec; use a new key"
    )]
    KeyReused { name: String },
    #[error("no task is called {name}")]
    NotFound { name: String },
    #[error("{field}: {reason}")]
    Invalid { field: String, reason: String },
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Core(#[from] ApiError),
}

impl Refused {
    /// The code of it, for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Stopping => "stopping",
            Self::NoRunner(_) => "no_runner",
            Self::TooMany { .. } => "too_many_tasks",
            Self::NameTaken { .. } => "name_taken",
            Self::KeyReused { .. } => "idempotency_key_reused",
            Self::NotFound { .. } => "not_found",
            Self::Invalid { .. } => "invalid",
            Self::Store(err) if err.is_full() => "disk_full",
            Self::Store(_) => "store",
            Self::Core(ApiError::InvalidRequest(_)) => "invalid",
            Self::Core(ApiError::AlreadyExists(_)) => "name_taken",
            Self::Core(ApiError::Conflict(_)) => "conflict",
            Self::Core(ApiError::TaskNotFound(_) | ApiError::NotFound(_)) => "not_found",
            Self::Core(ApiError::ResourceExhausted(_)) => "too_many_tasks",
            Self::Core(ApiError::Unavailable(_)) => "stopping",
            Self::Core(_) => "internal",
        }
    }
}

impl From<Unbridgeable> for Refused {
    fn from(err: Unbridgeable) -> Self {
        Self::Invalid {
            field: err.field.to_owned(),
            reason: err.reason,
        }
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        let message = refused.to_string();
        match refused {
            Refused::Core(err) => err,
            Refused::Stopping => Self::Unavailable(message),
            Refused::NoRunner(_) | Refused::Invalid { .. } => Self::InvalidRequest(message),
            Refused::TooMany { .. } => Self::ResourceExhausted(message),
            Refused::NameTaken { name } => Self::AlreadyExists(name),
            Refused::KeyReused { .. } => Self::InvalidRequest(message),
            Refused::NotFound { name } => Self::TaskNotFound(name),
            Refused::Store(_) => Self::Unavailable(message),
        }
    }
}
