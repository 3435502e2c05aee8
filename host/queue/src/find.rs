//! What is known of tasks.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use tokio::time::timeout;
use tokio_stream::StreamExt as _;

use crate::connect::{ANSWER, Queue, read};
use crate::error::QueueError;
use crate::names::{Key, STATE};
use crate::record::{Cancelled, Dead, Host, Order, Outcome, Run};

/// How much of the stream of states is looked at first, in messages.
const WINDOW: u64 = 1000;

/// How many tasks are asked for at the same time.
const AT_ONCE: usize = 64;

/// A task of a queue.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Found {
    /// What was asked for.
    pub order: Order,
    /// The host that runs it, or has run it last.
    pub run: Option<Run>,
    /// How it has ended.
    pub outcome: Option<Outcome>,
    /// Whether its end was asked for.
    pub cancelled: bool,
    /// Why it is tried no more.
    pub dead: Option<Dead>,
}

impl Found {
    /// `queued`, `running`, `dead`, or how it ended.
    #[must_use]
    pub fn phase(&self) -> &str {
        match (&self.outcome, &self.dead, &self.run) {
            (Some(outcome), _, _) => &outcome.phase,
            (None, Some(_), _) => "dead",
            (None, None, Some(_)) => "running",
            (None, None, None) => "queued",
        }
    }
}

impl Queue {
    /// What is known of a task.
    ///
    /// # Errors
    ///
    /// When there is none of this name, or the queue does not answer.
    pub async fn find(&self, name: &str) -> Result<Found, QueueError> {
        let order: Option<Order> = read(&self.state, &Key::Task.of(name)).await?;
        let order = order.ok_or_else(|| QueueError::NotFound {
            name: name.to_owned(),
        })?;
        self.complete(order).await
    }

    async fn complete(&self, order: Order) -> Result<Found, QueueError> {
        let name = &order.name;
        let outcome: Option<Outcome> = read(&self.state, &Key::Result.of(name)).await?;
        let (mut run, mut cancelled, mut dead) = (None, false, None);
        if outcome.is_none() {
            run = read::<Run>(&self.state, &Key::Run.of(name)).await?;
            cancelled = read::<Cancelled>(&self.state, &Key::Cancel.of(name))
                .await?
                .is_some();
            dead = read::<Dead>(&self.state, &Key::Dead.of(name)).await?;
        }
        Ok(Found {
            order,
            run,
            outcome,
            cancelled,
            dead,
        })
    }

    /// Tasks that `wanted` takes, those first that were asked for last, and at most so many.
    ///
    /// # Errors
    ///
    /// When the queue does not answer.
    pub async fn list(
        &self,
        most: usize,
        wanted: impl Fn(&Found) -> bool,
    ) -> Result<Vec<Found>, QueueError> {
        let info = self.state_info().await?;
        let first = info.state.first_sequence.max(1);
        let mut end = info.state.last_sequence + 1;
        let mut window = WINDOW;
        let mut found = Vec::new();
        while end > first && found.len() < most {
            let begin = end.saturating_sub(window).max(first);
            let mut orders = self.orders(begin, end).await?;
            orders.reverse();
            for orders in orders.chunks(AT_ONCE) {
                let mut all = tokio::task::JoinSet::new();
                for (at, order) in orders.iter().cloned().enumerate() {
                    let queue = self.clone();
                    all.spawn(async move { (at, queue.complete(order).await) });
                }
                let mut these = Vec::new();
                while let Some(one) = all.join_next().await {
                    let (at, one) = one.map_err(|err| QueueError::failed("list tasks", err))?;
                    these.push((at, one?));
                }
                these.sort_by_key(|(at, _)| *at);
                found.extend(
                    these
                        .into_iter()
                        .map(|(_, one)| one)
                        .filter(|one| wanted(one)),
                );
                if found.len() >= most {
                    break;
                }
            }
            end = begin;
            window *= 4;
        }
        found.truncate(most);
        Ok(found)
    }

    async fn state_info(&self) -> Result<async_nats::jetstream::stream::Info, QueueError> {
        let info = self.state.stream.get_info().await;
        info.map_err(|err| QueueError::failed("look at the states", err))
    }

    /// What was asked for in a part of the stream of states, the oldest first.
    async fn orders(&self, begin: u64, end: u64) -> Result<Vec<Order>, QueueError> {
        let failed = |err: &dyn std::fmt::Display| QueueError::failed("list tasks", err);
        let consumer = self.state.stream.create_consumer(pull::Config {
            deliver_policy: DeliverPolicy::ByStartSequence {
                start_sequence: begin,
            },
            ack_policy: AckPolicy::None,
            filter_subject: format!("$KV.{STATE}.{}>", Key::Task.prefix()),
            inactive_threshold: Duration::from_secs(30),
            ..pull::Config::default()
        });
        let consumer = consumer.await.map_err(|err| failed(&err))?;
        let mut left = consumer.cached_info().num_pending;
        let mut orders = Vec::new();
        if left == 0 {
            return Ok(orders);
        }
        let messages = consumer
            .stream()
            .max_messages_per_batch(500)
            .messages()
            .await;
        let mut messages = messages.map_err(|err| failed(&err))?;
        while left > 0 {
            let message = timeout(ANSWER, messages.next()).await;
            let Ok(Some(message)) = message else {
                return Err(failed(&"nothing came any more"));
            };
            let message = message.map_err(|err| failed(&err))?;
            let info = message.info().map_err(|err| failed(&err))?;
            if info.stream_sequence >= end {
                break;
            }
            left = info.pending;
            // What somebody else has put there is none.
            orders.extend(serde_json::from_slice::<Order>(&message.payload));
        }
        drop(messages);
        // It goes by itself if this does not come through.
        let name = consumer.cached_info().name.clone();
        let _ = self.state.stream.delete_consumer(&name).await;
        Ok(orders)
    }

    /// The hosts that take tasks now.
    ///
    /// # Errors
    ///
    /// When the queue does not answer.
    pub async fn hosts(&self) -> Result<Vec<Host>, QueueError> {
        let all = self.values(&self.hosts).await?;
        let mut hosts: Vec<Host> = all
            .into_iter()
            .filter_map(|(_, value)| serde_json::from_slice(&value).ok())
            .collect();
        hosts.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(hosts)
    }

    /// All that a bucket has.
    pub(crate) async fn values(
        &self,
        store: &async_nats::jetstream::kv::Store,
    ) -> Result<Vec<(String, bytes::Bytes)>, QueueError> {
        let keys = store.keys().await;
        let failed =
            |err: &dyn std::fmt::Display| QueueError::failed("list the keys of a bucket", err);
        let mut keys = keys.map_err(|err| failed(&err))?;
        let mut all = Vec::new();
        loop {
            let key = timeout(ANSWER, keys.next()).await;
            let Some(key) = key.map_err(|_| failed(&"no answer came"))? else {
                return Ok(all);
            };
            let key = key.map_err(|err| failed(&err))?;
            let value = store.get(&key).await;
            let value = value.map_err(|err| QueueError::failed("read a key", err))?;
            all.extend(value.map(|value| (key, value)));
        }
    }
}
