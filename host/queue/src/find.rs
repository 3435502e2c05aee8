//! What is known of tasks.

use async_nats::jetstream::consumer::DeliverPolicy;

use crate::bucket;
use crate::connect::{Queue, read};
use crate::error::QueueError;
use crate::names::Key;
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
        match (&self.outcome, &self.dead) {
            (Some(outcome), _) => &outcome.phase,
            (None, Some(_)) => "dead",
            (None, None) if self.runs() => "running",
            (None, None) => "queued",
        }
    }

    /// Whether a host runs it, as far as is known: one that was killed has not said that it does not.
    #[must_use]
    pub fn runs(&self) -> bool {
        self.outcome.is_none() && self.run.as_ref().is_some_and(|run| !run.given_back)
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
        let from = DeliverPolicy::ByStartSequence {
            start_sequence: begin,
        };
        let filter = Key::Task.of(">");
        let entries = bucket::entries(&self.state, &filter, from, end).await?;
        // What somebody else has put there is none.
        let orders = entries.into_iter();
        Ok(orders
            .filter_map(|(_, value)| serde_json::from_slice(&value).ok())
            .collect())
    }

    /// The hosts that take tasks now.
    ///
    /// # Errors
    ///
    /// When the queue does not answer.
    pub async fn hosts(&self) -> Result<Vec<Host>, QueueError> {
        let all = bucket::values(&self.hosts, ">").await?;
        let mut hosts: Vec<Host> = all
            .into_iter()
            .filter_map(|(_, value)| serde_json::from_slice(&value).ok())
            .collect();
        hosts.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(hosts)
    }
}
