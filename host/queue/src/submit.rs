//! Asks for a task.

use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use bytes::Bytes;

use crate::connect::{Queue, create, read};
use crate::digest::digest;
use crate::error::QueueError;
use crate::names::{self, Key};
use crate::need::Need;
use crate::record::{Dead, Order, Outcome};
use crate::time::now;

/// A task that was asked for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Submitted {
    /// Its name.
    pub name: String,
    /// Whether it is new; else the same had been asked for before.
    pub is_new: bool,
}

impl Queue {
    /// Asks for a task: `manifest` is what a host runs. When this returns the engine has it, on as many servers
    /// as the queue has replicas. The same request with the same name is one task, however often it comes.
    ///
    /// # Errors
    ///
    /// When another task has its name, it cannot be called so, or the queue does not answer: what has become of
    /// it is not known then, and it may be asked for again.
    pub async fn submit(
        &self,
        name: &str,
        need: &Need,
        slot: &str,
        labels: std::collections::BTreeMap<String, String>,
        manifest: Bytes,
    ) -> Result<Submitted, QueueError> {
        names::check(name)?;
        let order = Order {
            name: name.to_owned(),
            need: need.clone(),
            slot: slot.to_owned(),
            labels,
            created: now(),
            digest: digest(&manifest, 16),
        };
        let is_new = create(&self.state, &Key::Task.of(name), &order).await?;
        if !is_new {
            let found: Option<Order> = read(&self.state, &Key::Task.of(name)).await?;
            if found.is_some_and(|found| found.digest != order.digest) {
                return Err(QueueError::NameTaken {
                    name: name.to_owned(),
                });
            }
            let ended: Option<Outcome> = read(&self.state, &Key::Result.of(name)).await?;
            let dead: Option<Dead> = read(&self.state, &Key::Dead.of(name)).await?;
            if ended.is_some() || dead.is_some() {
                return Ok(Submitted {
                    name: order.name,
                    is_new,
                });
            }
        }
        self.enqueue(name, need, manifest).await?;
        Ok(Submitted {
            name: order.name,
            is_new,
        })
    }

    /// Puts the message of a task into the stream, where it is not there.
    pub(crate) async fn enqueue(
        &self,
        name: &str,
        need: &Need,
        manifest: Bytes,
    ) -> Result<(), QueueError> {
        let token = need.token();
        // Hosts hear of it, and begin to ask for such tasks.
        create(&self.needs, &token, need).await?;
        let message = PublishMessage::build()
            .payload(manifest)
            .expected_last_subject_sequence(0);
        let failed = |err| QueueError::failed("put the task into the queue", err);
        let published = self
            .context
            .send_publish(names::task(&token, name), message)
            .await
            .map_err(failed)?;
        match published.await {
            Ok(_) => Ok(()),
            // It is there already.
            Err(err) if err.kind() == PublishErrorKind::WrongLastSequence => Ok(()),
            Err(err) => Err(failed(err)),
        }
    }
}
