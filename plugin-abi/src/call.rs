//! Methods by name: what a runner or a plugin can do beyond the contract.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value};
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
        /// What else is known of it, for a program to read; of a panic `panic`, with its `message`,
        /// `thread` and place.
        details: Map<String, Value>,
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
            details: Map::new(),
        }
    }

    /// The same failure, and what else is known of it. An error of another kind stays as it is.
    #[must_use]
    pub fn with_detail(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        if let Self::Failed { details, .. } = &mut self {
            details.insert(name.into(), value.into());
        }
        self
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

/// How long a host waits for an answer: 30 seconds. Then the call is dropped.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Calls a method with `call` within the limits of every call of a host: of the request's length, of the
/// answer's, and of time. The future needs tokio's clock.
#[doc(hidden)]
pub fn limited<F>(
    method: &str,
    payload: Bytes,
    call: impl FnOnce(&str, Bytes) -> F,
) -> CallFuture<'static>
where
    F: Future<Output = Result<Bytes, CallError>> + Send + 'static,
{
    limited_to(ANSWER_WITHIN, method, payload, call)
}

fn limited_to<F>(
    limit: Duration,
    method: &str,
    payload: Bytes,
    call: impl FnOnce(&str, Bytes) -> F,
) -> CallFuture<'static>
where
    F: Future<Output = Result<Bytes, CallError>> + Send + 'static,
{
    if let Err(err) = CallError::check_len(method, "the request", payload.len()) {
        return Box::pin(std::future::ready(Err(err)));
    }
    let answer = call(method, payload);
    let method = method.to_owned();
    Box::pin(async move {
        let Ok(answer) = tokio::time::timeout(limit, answer).await else {
            return Err(CallError::TimedOut { method, limit });
        };
        let answer = answer?;
        CallError::check_len(&method, "the answer", answer.len())?;
        Ok(answer)
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_that_nobody_answers_ends_when_its_time_is_over() {
        let limit = Duration::from_millis(20);
        let hanging = limited_to(limit, "hang", Bytes::new(), |_, _| std::future::pending());
        let err = hanging.await.unwrap_err();
        assert_eq!(err.to_string(), "'hang' did not answer within 20 ms");
    }
}
