//! A host that takes tasks.

use std::sync::Arc;

use tokio_stream::StreamExt as _;

use super::persist::LAST;
use crate::connect::{Queue, put, read};
use crate::error::QueueError;
use crate::names::Key;
use crate::need::Need;
use crate::record::{Cancelled, Host};

/// A host that takes tasks of a queue.
#[derive(Debug, Clone)]
pub struct Taker {
    pub(super) queue: Arc<Queue>,
    /// What no other host is called.
    pub(super) host: Arc<str>,
}

impl Queue {
    /// Takes tasks of this queue; `host` is what no other host is called.
    #[must_use]
    pub fn taker(&self, host: impl Into<Arc<str>>) -> Taker {
        Taker {
            queue: Arc::new(self.clone()),
            host: host.into(),
        }
    }
}

impl Taker {
    /// The queue.
    #[must_use]
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Calls `told` with each need that somebody has had so far, and has from now on for the first time.
    ///
    /// # Errors
    ///
    /// When the queue does not answer.
    pub async fn watch_needs(&self, told: impl Fn(Need)) -> Result<(), QueueError> {
        let failed =
            |err: &dyn std::fmt::Display| QueueError::failed("watch for kinds of tasks", err);
        let watch = self.queue.needs.watch_with_history(">").await;
        let mut watch = watch.map_err(|err| failed(&err))?;
        while let Some(entry) = watch.next().await {
            let entry = entry.map_err(|err| failed(&err))?;
            if let Ok(need) = serde_json::from_slice(&entry.value) {
                told(need);
            }
        }
        Ok(())
    }

    /// Calls `told` with the name of each task whose end is asked for from now on.
    ///
    /// # Errors
    ///
    /// When the queue does not answer.
    pub async fn watch_cancels(&self, told: impl Fn(&str)) -> Result<(), QueueError> {
        let failed =
            |err: &dyn std::fmt::Display| QueueError::failed("watch for cancellations", err);
        let watch = self.queue.state.watch(Key::Cancel.of(">")).await;
        let mut watch = watch.map_err(|err| failed(&err))?;
        while let Some(entry) = watch.next().await {
            let entry = entry.map_err(|err| failed(&err))?;
            let is_put = entry.operation == async_nats::jetstream::kv::Operation::Put;
            if let Some(name) = entry.key.strip_prefix(Key::Cancel.prefix())
                && is_put
            {
                told(name);
            }
        }
        Ok(())
    }

    /// Whether the end of a task was asked for.
    ///
    /// # Errors
    ///
    /// When the queue does not answer.
    pub async fn is_cancelled(&self, name: &str) -> Result<bool, QueueError> {
        let cancelled: Option<Cancelled> = read(&self.queue.state, &Key::Cancel.of(name)).await?;
        Ok(cancelled.is_some())
    }

    /// Tells that this host takes tasks; to be repeated every few seconds.
    ///
    /// # Errors
    ///
    /// When the queue does not answer.
    pub async fn announce(&self, host: &Host) -> Result<(), QueueError> {
        put(&self.queue.hosts, &self.host, host).await
    }

    /// Tells that it takes none any more.
    pub async fn leave(&self) {
        // It is gone by itself when it is silent for long enough.
        let leaving = self.queue.hosts.delete(&self.host);
        let _ = tokio::time::timeout(LAST, leaving).await;
    }
}
