//! Calls of a plugin's methods by name.

use std::time::Duration;

use abi_stable::std_types::{RResult, RString, RVec};
use bytes::Bytes;
use solti_plugin_abi::v1::call::FfiAnswer;
use solti_plugin_abi::v1::error::FfiError;
use solti_plugin_abi::{CallError, CallFuture};

/// How long a host waits for the answer to a call: 30 seconds. Then the call is dropped.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(30);

/// What a plugin answers.
type Answered = RResult<RVec<u8>, FfiError>;

/// Calls a method of a plugin's through `door`, and checks what goes in and what comes out.
/// `take` is given the answer first, to count it if it is a panic.
///
/// The future needs tokio's clock; nothing of the plugin runs on the thread that polls it.
pub(super) fn of(
    method: &str,
    payload: Bytes,
    take: impl FnOnce(Answered) -> Result<RVec<u8>, FfiError> + Send + 'static,
    door: impl FnOnce(RString, RVec<u8>) -> FfiAnswer,
) -> CallFuture<'static> {
    let method = method.to_owned();
    if let Err(err) = CallError::check_len(&method, "the request", payload.len()) {
        return Box::pin(std::future::ready(Err(err)));
    }
    let answer = door(method.as_str().into(), Vec::from(payload).into());
    Box::pin(async move {
        let Ok(answer) = tokio::time::timeout(TIME_LIMIT, answer).await else {
            return Err(CallError::TimedOut {
                method,
                limit: TIME_LIMIT,
            });
        };
        match take(answer) {
            Ok(answer) => {
                CallError::check_len(&method, "the answer", answer.len())?;
                Ok(answer.into_vec().into())
            }
            Err(err) => Err(err.into_call_error(&method)),
        }
    })
}
