//! Takes tasks out of the queue.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, Consumer, pull};
use tokio::time::{Instant, timeout_at};
use tokio_stream::StreamExt as _;

use super::delivery::Delivery;
use super::taker::Taker;
use crate::connect::ANSWER;
use crate::error::QueueError;
use crate::names;
use crate::need::Need;

/// How long the queue remembers where hosts are in tasks that none asks for.
const FORGOTTEN: Duration = Duration::from_secs(7 * 86_400);

/// What tasks of one need are taken by.
#[derive(Debug, Clone)]
pub struct Fetched {
    consumer: Consumer<pull::Config>,
    taker: Taker,
    need: Arc<Need>,
    lease: Duration,
}

impl Taker {
    /// Begins to ask for tasks of a need. All hosts ask with the same consumer, so that each task goes to one.
    ///
    /// # Errors
    ///
    /// When the queue does not answer.
    pub async fn ask_for(&self, need: &Need) -> Result<Fetched, QueueError> {
        let token = need.token();
        let lease = Duration::from_millis(self.queue.settings.lease);
        let config = pull::Config {
            durable_name: Some(token.clone()),
            filter_subject: names::of_need(&token),
            ack_policy: AckPolicy::Explicit,
            ack_wait: lease,
            // Hosts count themselves, and say why it is a dead letter.
            max_deliver: -1,
            max_ack_pending: -1,
            max_waiting: 10_000,
            inactive_threshold: FORGOTTEN,
            ..pull::Config::default()
        };
        let consumer = self
            .queue
            .tasks
            .get_or_create_consumer(&token, config)
            .await;
        let consumer = consumer.map_err(|err| QueueError::failed("ask for tasks", err))?;
        let lease = consumer.cached_info().config.ack_wait;
        Ok(Fetched {
            consumer,
            taker: self.clone(),
            need: Arc::new(need.clone()),
            lease,
        })
    }
}

impl Fetched {
    /// At most so many tasks: those that are there, or, with a `wait`, the first that comes within it.
    ///
    /// # Errors
    ///
    /// When the queue does not answer.
    pub async fn take(
        &self,
        most: usize,
        wait: Option<Duration>,
    ) -> Result<Vec<Delivery>, QueueError> {
        let failed = |err: &dyn std::fmt::Display| QueueError::failed("take tasks", err);
        let batch = match wait {
            None => self.consumer.fetch().max_messages(most).messages().await,
            Some(wait) => {
                let waiting = self.consumer.batch().max_messages(most).expires(wait);
                waiting.messages().await
            }
        };
        let mut batch = batch.map_err(|err| failed(&err))?;
        let until = Instant::now() + wait.unwrap_or_default() + ANSWER;
        let mut taken = Vec::new();
        loop {
            let message = match timeout_at(until, batch.next()).await {
                Ok(Some(Ok(message))) => message,
                Ok(None) => break,
                // What was given is ours, whatever became of the rest.
                _ if !taken.is_empty() => break,
                Ok(Some(Err(err))) => return Err(failed(&err)),
                // The question or the answer went with a connection or a server: the client would wait for
                // ever.
                Err(_) => return Err(failed(&"no answer came")),
            };
            taken.extend(Delivery::of(&self.taker, &self.need, self.lease, message));
        }
        Ok(taken)
    }
}
