//! Methods by name: what a runner or a plugin can do beyond the contract.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use thiserror::Error;

/// The longest request and the longest answer of a call, in bytes: 16 MiB.
pub const MAX_CALL_BYTES: usize = 16 << 20;

/// A call under way. Dropping it ends the call.
pub type CallFuture<'a> = Pin<Box<dyn Future<Output = Result<Bytes, CallError>> + Send + 'a>>;

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CallError {
    /// Whoever was called does not know the method: it may be older than its caller.
    #[error("unknown method '{method}'")]
    UnknownMethod {
        /// The method.
        method: String,
    },
    /// The request or the answer is longer than [`MAX_CALL_BYTES`].
    #[error("'{method}': {what} has {found} bytes, at most {limit} are passed on")]
    TooLarge {
        /// The method.
        method: String,
        /// `the request` or `the answer`.
        what: &'static str,
        /// Its length in bytes.
        found: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// There was no answer in time.
    #[error("'{method}' did not answer within {}", in_words(*.limit))]
    TimedOut {
        /// The method.
        method: String,
        /// How long the caller waited.
        limit: Duration,
    },
    /// The method failed, or panicked.
    #[error("'{method}' failed: {reason}")]
    Failed {
        /// The method.
        method: String,
        /// Why.
        reason: String,
    },
}

impl CallError {
    /// The answer to a method that is not known.
    #[must_use]
    pub fn unknown(method: &str) -> Self {
        Self::UnknownMethod {
            method: method.to_owned(),
        }
    }

    /// A failure of a method that is known.
    #[must_use]
    pub fn failed(method: &str, reason: impl ToString) -> Self {
        Self::Failed {
            method: method.to_owned(),
            reason: reason.to_string(),
        }
    }

    /// Checks the length of a request or an answer.
    #[doc(hidden)]
    pub fn check_len(method: &str, what: &'static str, found: usize) -> Result<(), Self> {
        if found <= MAX_CALL_BYTES {
            return Ok(());
        }
        Err(Self::TooLarge {
            method: method.to_owned(),
            what,
            found,
            limit: MAX_CALL_BYTES,
        })
    }
}

/// A limit in the largest unit that shows it whole.
fn in_words(limit: Duration) -> String {
    match limit.as_millis() {
        millis if millis.is_multiple_of(1000) => format!("{} s", limit.as_secs()),
        millis => format!("{millis} ms"),
    }
}

/// The answer of whoever knows no method.
pub(crate) fn unknown(method: &str) -> CallFuture<'static> {
    let err = CallError::unknown(method);
    Box::pin(std::future::ready(Err(err)))
}
