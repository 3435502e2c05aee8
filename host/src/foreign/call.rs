//! Calls of a plugin's methods by name.

use abi_stable::std_types::{RResult, RString, RVec};
use bytes::Bytes;
use solti_plugin_abi::v1::call::FfiAnswer;
use solti_plugin_abi::v1::error::FfiError;
use solti_plugin_abi::{CallFuture, limited};

/// What a plugin answers.
type Answered = RResult<RVec<u8>, FfiError>;

/// Calls a method of a plugin's through `door`, within the limits of every call. `take` is given the
/// answer first, to count it if it is a panic.
///
/// The future needs tokio's clock; nothing of the plugin runs on the thread that polls it.
pub(super) fn of(
    method: &str,
    payload: Bytes,
    take: impl FnOnce(Answered) -> Result<RVec<u8>, FfiError> + Send + 'static,
    door: impl FnOnce(RString, RVec<u8>) -> FfiAnswer,
) -> CallFuture<'static> {
    limited(method, payload, |method, payload| {
        let answer = door(method.into(), Vec::from(payload).into());
        let method = method.to_owned();
        async move {
            match take(answer.await) {
                Ok(answer) => Ok(answer.into_vec().into()),
                Err(err) => Err(err.into_call_error(&method)),
            }
        }
    })
}
