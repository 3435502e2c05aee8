//! Calls of methods by name, on their way in.

use std::time::Duration;

use abi_stable::std_types::{RErr, ROk, RString, RVec};
use async_ffi::FutureExt as _;
use bytes::Bytes;
use tokio_util::task::AbortOnDropHandle;

use super::guard::{guard, guard_polls};
use super::runtime;
use crate::call::{CallError, CallFuture};
use crate::v1::call::FfiAnswer;
use crate::v1::error::FfiError;

/// How long a method may take before its caller is told that it did not answer; the work is dropped.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Who answers. One type for all of them: for each, the code that waits for it would be there once more.
type Answers = Box<dyn FnOnce(&str, Bytes) -> CallFuture<'static> + Send>;

/// Has a method answered on the plugin's runtime: no thread of the host's waits for it.
pub(super) fn answer(
    method: RString,
    payload: RVec<u8>,
    answers: impl FnOnce(&str, Bytes) -> CallFuture<'static> + Send + 'static,
) -> FfiAnswer {
    answer_by(method, payload, Box::new(answers))
}

fn answer_by(method: RString, payload: RVec<u8>, answers: Answers) -> FfiAnswer {
    let method = method.into_string();
    let runtime = match runtime::start() {
        Ok(runtime) => runtime,
        Err(err) => {
            let err = CallError::failed(
                &method,
                format_args!("the plugin's runtime could not be started: {err}"),
            );
            return std::future::ready(RErr(err.into())).into_ffi();
        }
    };
    let call = runtime.spawn(answered(method.clone(), payload.into_vec(), answers));
    let call = AbortOnDropHandle::new(call);
    async move {
        match call.await {
            Ok(Ok(answer)) => ROk(Vec::from(answer).into()),
            Ok(Err(err)) => RErr(err),
            Err(_) => RErr(CallError::failed(&method, "the plugin shuts down").into()),
        }
    }
    .into_ffi()
}

async fn answered(method: String, payload: Vec<u8>, answers: Answers) -> Result<Bytes, FfiError> {
    CallError::check_len(&method, "the request", payload.len())?;
    // Both steps are the author's code.
    let mut answer = guard(|| answers(&method, payload.into()))?;
    let guarded = guard_polls(&mut answer);
    let answered = match tokio::time::timeout(TIME_LIMIT, guarded).await {
        Ok(answered) => answered??,
        Err(_) => {
            return Err(CallError::TimedOut {
                method,
                limit: TIME_LIMIT,
            }
            .into());
        }
    };
    CallError::check_len(&method, "the answer", answered.len())?;
    Ok(answered)
}
