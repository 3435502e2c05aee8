//! How the whole queue is, as this service sees it: for its metrics, its API and its page.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use solti_plugin_queue::{Queue, Status};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// For how long what was seen is told again: many may ask, and each look costs the servers some questions.
const FRESH: Duration = Duration::from_secs(2);

/// How long a look may take.
const LOOK: Duration = Duration::from_secs(4);

/// How the queue was when this service looked last.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Look {
    /// How it was; what was seen before where the queue does not answer now.
    pub(crate) status: Option<Arc<Status>>,
    /// Why it is not known how it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
}

/// Looks at the queue when it is asked for, and not too often.
#[derive(Debug, Default)]
pub(super) struct Seen {
    last: Mutex<(Option<Instant>, Look)>,
}

impl Seen {
    /// How the queue is, or was two seconds ago at most. Whoever asks meanwhile waits for the same look.
    pub(super) async fn look(&self, queue: &Queue) -> Look {
        let mut last = self.last.lock().await;
        if last.0.is_none_or(|at| at.elapsed() > FRESH) {
            if !queue.is_connected() {
                // Whoever asks is answered at once, and the next one sees whether it is there again.
                last.1.problem = Some("there is no connection to it at the moment".to_owned());
                return last.1.clone();
            }
            match tokio::time::timeout(LOOK, queue.status()).await {
                Ok(Ok(status)) => {
                    last.1 = Look {
                        status: Some(Arc::new(status)),
                        problem: None,
                    };
                }
                Ok(Err(err)) => last.1.problem = Some(err.to_string()),
                Err(_) => last.1.problem = Some("the queue did not answer".to_owned()),
            }
            last.0 = Some(Instant::now());
        }
        last.1.clone()
    }
}
