//! Tasks that are tried no more by themselves.

use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::LastRawMessageErrorKind;
use bytes::Bytes;

use crate::connect::{Queue, put};
use crate::error::QueueError;
use crate::names::{self, DELIVERIES, Key, NEED, REASON};
use crate::need::Need;
use crate::record::Dead;
use crate::time::now;

/// A task that is tried no more by itself.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DeadLetter {
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: String,
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
            .message_id(format!("{name}.{}", dead.deliveries))
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

    /// The dead letters.
    ///
    /// # Errors
    ///
    /// When the queue does not answer.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>, QueueError> {
        use tokio_stream::StreamExt as _;
        let failed = |err: &dyn std::fmt::Display| QueueError::failed("list the dead letters", err);
        let info = self
            .dead_stream()
            .await?
            .info_with_subjects(names::dead(">"))
            .await;
        let mut info = info.map_err(|err| failed(&err))?;
        let mut all = Vec::new();
        while let Some(subject) = info.next().await {
            let (subject, _) = subject.map_err(|err| failed(&err))?;
            let Some(name) = subject.strip_prefix("solti.dead.") else {
                continue;
            };
            let dead: Option<Dead> = crate::connect::read(&self.state, &Key::Dead.of(name)).await?;
            all.push(DeadLetter {
                name: name.to_owned(),
                reason: dead.map(|dead| dead.reason).unwrap_or_default(),
            });
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// Puts a dead letter back into the queue: it is delivered from 1 again.
    ///
    /// # Errors
    ///
    /// When there is none of this name, or the queue does not answer.
    pub async fn retry(&self, name: &str) -> Result<(), QueueError> {
        let failed = |err: &dyn std::fmt::Display| QueueError::failed("read the dead letter", err);
        let stream = self.dead_stream().await?;
        let found = stream
            .get_last_raw_message_by_subject(&names::dead(name))
            .await;
        let found = found.map_err(|err| match err.kind() {
            LastRawMessageErrorKind::NoMessageFound => QueueError::NotFound {
                name: name.to_owned(),
            },
            _ => failed(&err),
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
        let removed = stream.delete_message(found.sequence).await;
        removed.map(drop).map_err(|err| failed(&err))
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
