//! The attempt that a thread of the plugin works for, as far as the SDK needs it.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::scoped::with_value;

/// What a supervisor gets after the deadline that it has told, to end the attempt. A writer that was let
/// go on before that would write as fast as it can, more than a host keeps.
const TO_END_IT: Duration = Duration::from_millis(250);

thread_local! {
    static CURRENT: RefCell<Option<Arc<Scope>>> = const { RefCell::new(None) };
}

/// What ends an attempt, and what its log records are told by.
#[derive(Debug)]
pub(super) struct Scope {
    run_id: Arc<str>,
    /// Cancelled by the host, and by the plugin's shutdown.
    cancel: CancellationToken,
    /// Cancelled when the attempt is over, however it ended.
    over: CancellationToken,
    deadline: Option<Instant>,
}

impl Scope {
    pub(super) fn new(
        run_id: Arc<str>,
        cancel: CancellationToken,
        deadline: Option<Instant>,
    ) -> Arc<Self> {
        Arc::new(Self {
            run_id,
            cancel,
            over: CancellationToken::new(),
            deadline,
        })
    }

    /// The attempt that this thread works for now.
    pub(super) fn current() -> Option<Arc<Self>> {
        // A destructor of another thread-local may ask when this one is gone.
        CURRENT
            .try_with(|current| current.borrow().clone())
            .ok()
            .flatten()
    }

    /// Runs `f` for this attempt.
    pub(super) fn enter<T>(self: &Arc<Self>, f: impl FnOnce() -> T) -> T {
        with_value(&CURRENT, Arc::clone(self), f)
    }

    pub(super) fn run_id(&self) -> &str {
        &self.run_id
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Says that the attempt is over.
    pub(super) fn end(&self) {
        self.over.cancel();
    }

    /// Whether nothing of the attempt is to wait any more.
    pub(super) fn is_released(&self) -> bool {
        self.cancel.is_cancelled()
            || self.over.is_cancelled()
            || self
                .deadline
                .is_some_and(|deadline| deadline + TO_END_IT <= Instant::now())
    }

    /// Ends when nothing of the attempt is to wait any more: it is cancelled, over or out of time.
    pub(super) async fn released(&self) {
        let out_of_time = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until((deadline + TO_END_IT).into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.cancel.cancelled() => {}
            () = self.over.cancelled() => {}
            () = out_of_time => {}
        }
    }
}
