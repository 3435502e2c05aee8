//! Tasks that are tried no more by themselves.

use async_nats::jetstream::message::PublishMessage;
use bytes::Bytes;
use serde::Serialize;

use crate::bucket;
use crate::connect::{Queue, last, put, remove};
use crate::error::QueueError;
use crate::names::{self, DELIVERIES, Key, NEED, REASON};
use crate::need::Need;
use crate::record::Dead;
use crate::time::now;

/// A task that is tried no more by itself.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct DeadLetter {
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: String,
    /// How often it was delivered.
    pub deliveries: u64,
    /// Since when, in milliseconds since 1970, by the clock of the host that gave it up.
    pub at: u64,
}

impl Queue {
    /// Notes that a task is tried no more, and why. Its message is the caller's to remove.
    pub(crate) async fn bury(
        &self,
        name: &str,
        need: &Need,
        manifest: Bytes,
        dead: &Dead,
    ) -> Result<(), QueueError> {
        // A header is one line.
        let reason: String = dead
            .reason
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let message = PublishMessage::build()
            .payload(manifest)
            // Sent again it is the same; put back, and given up once more, it is another.
            .message_id(format!("{name}.{}.{}", dead.deliveries, dead.at))
            .header(REASON, reason.as_str())
            .header(
                NEED,
                String::from_utf8_lossy(&crate::connect::json(need)).as_ref(),
            )
            .header(DELIVERIES, dead.deliveries.to_string().as_str());
        let failed = |err| QueueError::failed("put the task among the dead letters", err);
        let sent = self.context.send_publish(names::dead(name), message).await;
        sent.map_err(failed)?.await.map_err(failed)?;
        put(&self.state, &Key::Dead.of(name), dead).await
    }

    /// The names of all dead letters.
    ///
    /// # Errors
    ///
    /// When the queue does not answer.
    pub async fn dead_names(&self) -> Result<Vec<String>, QueueError> {
        use tokio_stream::StreamExt as _;
        let failed = |err: &dyn std::fmt::Display| QueueError::failed("list the dead letters", err);
        let stream = self.dead_stream().await?;
        let info = stream.info_with_subjects(names::dead(">")).await;
        let mut info = info.map_err(|err| failed(&err))?;
        let mut all = Vec::new();
        while let Some(subject) = info.next().await {
            let (subject, _) = subject.map_err(|err| failed(&err))?;
            all.extend(subject.strip_prefix("solti.dead.").map(str::to_owned));
        }
        all.sort();
        Ok(all)
    }

    /// How many dead letters there are.
    pub(crate) async fn count_dead(&self) -> Result<u64, QueueError> {
        Ok(self.dead_stream().await?.cached_info().state.messages)
    }

    /// The dead letters that came last, the newest first, and at most so many.
    pub(crate) async fn newest_dead(&self, most: usize) -> Result<Vec<DeadLetter>, QueueError> {
        let all = bucket::values(&self.state, &Key::Dead.of(">")).await?;
        let letters = all.into_iter().filter_map(|(key, value)| {
            let dead: Dead = serde_json::from_slice(&value).ok()?;
            Some(DeadLetter {
                name: key.strip_prefix(Key::Dead.prefix())?.to_owned(),
                reason: dead.reason,
                deliveries: dead.deliveries,
                at: dead.at,
            })
        });
        let mut letters: Vec<_> = letters.collect();
        letters.sort_by_key(|letter| std::cmp::Reverse(letter.at));
        letters.truncate(most);
        Ok(letters)
    }

    /// Puts a dead letter back into the queue: it is delivered from 1 again.
    ///
    /// # Errors
    ///
    /// When there is none of this name, or the queue does not answer.
    pub async fn retry(&self, name: &str) -> Result<(), QueueError> {
        let stream = self.dead_stream().await?;
        let found = last(&stream, &names::dead(name), "read the dead letter").await?;
        let found = found.ok_or_else(|| QueueError::NotFound {
            name: name.to_owned(),
        })?;
        let need = found
            .headers
            .get(NEED)
            .map(|it| it.as_str())
            .unwrap_or_default();
        let need: Need = serde_json::from_str(need).map_err(|err| QueueError::NotUnderstood {
            key: names::dead(name),
            reason: format!("{NEED}: {err}"),
        })?;
        for key in [Key::Dead, Key::Cancel, Key::Run] {
            let gone = self.state.purge(key.of(name)).await;
            gone.map_err(|err| QueueError::failed("write a key", err))?;
        }
        // The dead letter stays until its message is in the queue again.
        self.enqueue(name, &need, found.payload.clone()).await?;
        // It may have been given up once more already, and that stands in its place.
        remove(&stream, found.sequence, "remove the dead letter").await
    }
}

impl Dead {
    /// From now on.
    pub(crate) fn now(reason: String, deliveries: u64) -> Self {
        Self {
            reason,
            deliveries,
            at: now(),
        }
    }
}
