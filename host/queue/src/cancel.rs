//! Asks for the end of a task.

use crate::connect::{Queue, create, last, put, remove};
use crate::error::QueueError;
use crate::find::Found;
use crate::names::{self, Key};
use crate::record::{Cancelled, Outcome};
use crate::time::now;

impl Queue {
    /// Asks for the end of a task. One that waits is taken out of the queue and has ended when this returns; of
    /// one that runs its host is told, now or when it is reached again.
    ///
    /// # Errors
    ///
    /// When there is no such task, or the queue does not answer.
    pub async fn cancel(&self, name: &str) -> Result<Found, QueueError> {
        let found = self.find(name).await?;
        if found.outcome.is_some() {
            return Ok(found);
        }
        put(&self.state, &Key::Cancel.of(name), &Cancelled { at: now() }).await?;
        if found.runs() {
            return self.find(name).await;
        }
        // A host that has just taken it sees the key, and its result comes second.
        let outcome = Outcome::never_begun(0);
        create(&self.state, &Key::Result.of(name), &outcome).await?;
        let subject = names::task(&found.order.need.token(), name);
        self.take_out(&subject).await?;
        self.find(name).await
    }

    /// Removes the message of a task, where it is there.
    async fn take_out(&self, subject: &str) -> Result<(), QueueError> {
        let doing = "take the task out of the queue";
        match last(&self.tasks, subject, doing).await? {
            // A host may be done with it at the same moment.
            Some(message) => remove(&self.tasks, message.sequence, doing).await,
            None => Ok(()),
        }
    }
}
