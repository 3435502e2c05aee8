//! What a task has written.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::pull::{Ordered, OrderedConfig};
use bytes::Bytes;
use tokio_stream::StreamExt as _;

use crate::connect::{Queue, last, read};
use crate::error::QueueError;
use crate::names::{self, Key, POSITION};
use crate::record::Outcome;

/// How often it is asked for the result while nothing comes.
const ASKED: Duration = Duration::from_millis(250);

/// Some bytes of a delivery's output, in the form in which hosts keep it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Block {
    /// Which delivery has written it, from 1.
    pub delivery: u64,
    /// Where it begins, of that delivery.
    pub position: u64,
    /// The message of the stream, to go on behind it.
    pub sequence: u64,
    /// The bytes.
    pub bytes: Bytes,
}

/// The blocks of a task's output, in order, each once.
pub struct Blocks {
    queue: Queue,
    name: String,
    messages: Ordered,
    /// How many more are there already; none is waited for without `follow`.
    left: u64,
    follow: bool,
    /// Of each delivery: what comes next, and what has come before its time.
    deliveries: BTreeMap<u64, Arriving>,
    ready: VecDeque<Block>,
    outcome: Option<Outcome>,
    /// The last message of the stream that has come, or was there before.
    seen: u64,
    /// Whether the queue has no more of the delivery that has the result.
    is_gone: bool,
}

#[derive(Default)]
struct Arriving {
    next: u64,
    early: BTreeMap<u64, Block>,
}

impl Arriving {
    /// Takes a block, and appends what is in order now.
    fn take(&mut self, block: Block, ready: &mut VecDeque<Block>) {
        self.early.insert(block.position, block);
        while let Some(entry) = self.early.first_entry() {
            let position = *entry.key();
            if position > self.next {
                return;
            }
            let block = entry.remove();
            // One that was sent twice is known by its place.
            if position == self.next {
                self.next += block.bytes.len() as u64;
                ready.push_back(block);
            }
        }
    }
}

impl Queue {
    /// What a task has written, from its beginning or behind the message `after`; with `follow` until it has
    /// ended.
    ///
    /// # Errors
    ///
    /// When there is no such task, or the queue does not answer.
    pub async fn blocks(
        &self,
        name: &str,
        follow: bool,
        after: Option<u64>,
    ) -> Result<Blocks, QueueError> {
        self.find(name).await?;
        let failed = |err: &dyn std::fmt::Display| QueueError::failed("read the output", err);
        let stream = self.output_stream().await?;
        let config = OrderedConfig {
            filter_subject: names::all_output(name),
            deliver_policy: match after {
                None => DeliverPolicy::All,
                Some(after) => DeliverPolicy::ByStartSequence {
                    start_sequence: after + 1,
                },
            },
            ..OrderedConfig::default()
        };
        let consumer = stream
            .create_consumer(config)
            .await
            .map_err(|err| failed(&err))?;
        let left = consumer.cached_info().num_pending;
        let messages = consumer.messages().await.map_err(|err| failed(&err))?;
        Ok(Blocks {
            queue: self.clone(),
            name: name.to_owned(),
            messages,
            left,
            follow,
            deliveries: BTreeMap::new(),
            ready: VecDeque::new(),
            outcome: None,
            seen: after.unwrap_or(0),
            is_gone: false,
        })
    }
}

impl Blocks {
    /// How the task has ended, as soon as that is known.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// Whether all that the queue has at the moment was told.
    #[must_use]
    pub fn has_all(&self) -> bool {
        self.left == 0 && self.ready.is_empty()
    }

    /// The next block; none when there is no more.
    ///
    /// # Errors
    ///
    /// When the queue does not answer.
    pub async fn next(&mut self) -> Result<Option<Block>, QueueError> {
        let failed = |err: &dyn std::fmt::Display| QueueError::failed("read the output", err);
        loop {
            if let Some(block) = self.ready.pop_front() {
                return Ok(Some(block));
            }
            if self.left == 0 && !self.follow {
                return Ok(None);
            }
            if self.left == 0 && self.is_whole() {
                return Ok(None);
            }
            let message = tokio::time::timeout(ASKED, self.messages.next()).await;
            let message = match message {
                Ok(Some(message)) => message.map_err(|err| failed(&err))?,
                Ok(None) => return Err(failed(&"the stream has ended")),
                Err(_) => {
                    self.look().await?;
                    continue;
                }
            };
            let info = message.info().map_err(|err| failed(&err))?;
            self.left = info.pending;
            self.seen = self.seen.max(info.stream_sequence);
            let delivery = message
                .subject
                .rsplit('.')
                .next()
                .and_then(|it| it.parse().ok());
            let position = message
                .headers
                .as_ref()
                .and_then(|headers| headers.get(POSITION)?.as_str().parse().ok());
            let (Some(delivery), Some(position)) = (delivery, position) else {
                continue;
            };
            let block = Block {
                delivery,
                position,
                sequence: info.stream_sequence,
                bytes: message.payload.clone(),
            };
            let arriving = self.deliveries.entry(delivery).or_insert_with(|| Arriving {
                // Where it was gone on, or the first ones are not kept any more.
                next: position,
                ..Arriving::default()
            });
            arriving.take(block, &mut self.ready);
        }
    }

    /// Whether all of the delivery that has the result is here, as far as the queue has it.
    fn is_whole(&self) -> bool {
        let Some(outcome) = &self.outcome else {
            return false;
        };
        let arriving = self.deliveries.get(&outcome.delivery);
        self.is_gone || has_come(arriving, outcome.output)
    }

    /// Looks whether it has ended, and, where that is known and nothing comes, whether there is more.
    async fn look(&mut self) -> Result<(), QueueError> {
        let Some(outcome) = &self.outcome else {
            self.outcome = read(&self.queue.state, &Key::Result.of(&self.name)).await?;
            return Ok(());
        };
        // A result is stored behind all of the output, which may be on its way here.
        let stream = self.queue.output_stream().await?;
        let subject = names::output(&self.name, outcome.delivery);
        let last = last(&stream, &subject, "read the output").await?;
        if last.is_none_or(|last| last.sequence <= self.seen) {
            self.is_gone = true;
            self.left = 0;
        }
        Ok(())
    }
}

/// Whether all of a delivery's output has come that is so long.
fn has_come(arriving: Option<&Arriving>, output: u64) -> bool {
    arriving.map_or(0, |it| it.next) >= output
}

impl std::fmt::Debug for Blocks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blocks")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_that_come_twice_or_in_another_order_are_each_there_once() {
        let block = |position: u64, bytes: &'static str| Block {
            delivery: 1,
            position,
            sequence: 1,
            bytes: Bytes::from_static(bytes.as_bytes()),
        };
        let mut arriving = Arriving::default();
        let mut ready = VecDeque::new();
        for (position, bytes) in [(2, "cd"), (0, "ab"), (2, "cd"), (0, "ab"), (4, "e")] {
            arriving.take(block(position, bytes), &mut ready);
        }
        assert!(has_come(Some(&arriving), 5) && !has_come(Some(&arriving), 6));
        let all: Vec<u8> = ready.iter().flat_map(|it| it.bytes.to_vec()).collect();
        assert_eq!(all, b"abcde");
    }

    #[test]
    fn output_that_is_still_on_its_way_is_not_taken_for_output_that_is_gone() {
        assert!(!has_come(None, 1));
        // A task that has written nothing.
        assert!(has_come(None, 0));
    }
}
