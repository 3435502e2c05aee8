//! Tries again what fails as a connection that breaks does.

use std::time::Duration;

use crate::error::QueueError;

/// How long is waited before something is tried again, at first and at most.
pub(super) const FIRST: Duration = Duration::from_millis(100);
pub(super) const LAST: Duration = Duration::from_secs(2);

/// Does something until it is done: what fails as a connection that breaks does is tried again.
pub(super) async fn persist<T, F: Future<Output = Result<T, QueueError>>>(
    mut what: impl FnMut() -> F,
) -> Result<T, QueueError> {
    let mut pause = FIRST;
    loop {
        match what().await {
            Err(err) if err.may_pass() => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LAST);
            }
            done => return done,
        }
    }
}
