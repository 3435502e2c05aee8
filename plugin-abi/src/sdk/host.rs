//! The host of this library.

use std::sync::OnceLock;

use bytes::Bytes;

use crate::call::{self, CallError, CallFuture};
use crate::v1::host::FfiHost;

/// It is given before any code of the author's runs, and never changes: a library that is connected
/// twice stays with the first, which lives in the same process.
pub(super) static HOST: OnceLock<FfiHost> = OnceLock::new();

/// Calls a method of the host.
pub(super) fn call(method: &str, payload: Bytes) -> CallFuture<'static> {
    if let Err(err) = CallError::check_len(method, "the request", payload.len()) {
        return Box::pin(std::future::ready(Err(err)));
    }
    let Some(host) = HOST.get() else {
        return call::unknown(method);
    };
    let method = method.to_owned();
    let answer = host.call(method.as_str().into(), Vec::from(payload).into());
    Box::pin(async move {
        let answer = answer.await.into_result();
        answer
            .map(|answer| answer.into_vec().into())
            .map_err(|err| err.into_call_error(&method))
    })
}
