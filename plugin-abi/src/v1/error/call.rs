//! Errors of calls.

use std::time::Duration;

use super::{CALL_FAILED, CALL_TIMED_OUT, FfiError, PANIC, PAYLOAD_TOO_LARGE, UNKNOWN_METHOD};
use crate::call::CallError;

impl From<CallError> for FfiError {
    fn from(err: CallError) -> Self {
        let text = err.to_string();
        match err {
            CallError::UnknownMethod { method } => Self::new(UNKNOWN_METHOD, method),
            CallError::TooLarge { method, .. } => Self::new(PAYLOAD_TOO_LARGE, text).about(&method),
            CallError::TimedOut { method, limit } => Self {
                nanos: u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX),
                ..Self::new(CALL_TIMED_OUT, text).about(&method)
            },
            CallError::Failed {
                method,
                reason,
                details,
            } => Self::new(CALL_FAILED, reason)
                .about(&method)
                .with_details(details),
        }
    }
}

impl FfiError {
    /// The error of a call of `method`.
    #[must_use]
    pub fn into_call_error(self, method: &str) -> CallError {
        let failed = |reason: &dyn std::fmt::Display| CallError::Failed {
            method: method.to_owned(),
            reason: reason.to_string(),
            details: self.known_details(),
        };
        match self.code {
            UNKNOWN_METHOD => CallError::unknown(method),
            CALL_TIMED_OUT => CallError::TimedOut {
                method: method.to_owned(),
                limit: Duration::from_nanos(self.nanos),
            },
            // The text says it all, and begins with the method.
            PAYLOAD_TOO_LARGE => {
                let reason = self.text.to_string();
                let begins = format!("'{method}': ");
                let reason = reason.strip_prefix(&begins).unwrap_or(&reason);
                failed(&reason)
            }
            PANIC => failed(&format_args!("it panicked: {}", self.text)),
            _ => failed(&self.text),
        }
    }
}
