//! Sends what a task writes.

use std::collections::VecDeque;
use std::sync::Arc;

use async_nats::jetstream::context::PublishAckFuture;
use async_nats::jetstream::message::PublishMessage;
use bytes::Bytes;

use super::persist::{FIRST, LAST};
use crate::connect::Queue;
use crate::names::{self, POSITION};

/// How many blocks are under way at the same time.
const UNDER_WAY: usize = 8;

/// The longest block, in bytes: servers take messages of a mebibyte.
const BLOCK: usize = 256 << 10;

/// Sends what a task writes, in order: each block is sent until the queue has it.
pub struct Feed {
    queue: Arc<Queue>,
    subject: String,
    /// What the blocks are told apart by.
    id: String,
    /// The bytes that were sent.
    position: u64,
    under_way: VecDeque<Block>,
    noted: Option<PublishAckFuture>,
}

struct Block {
    position: u64,
    bytes: Bytes,
    /// None where it could not even be sent.
    sent: Option<PublishAckFuture>,
}

impl Feed {
    pub(super) fn new(
        queue: Arc<Queue>,
        name: &str,
        delivery: u64,
        noted: Option<PublishAckFuture>,
    ) -> Self {
        Self {
            queue,
            subject: names::output(name, delivery),
            id: format!("{name}.{delivery}"),
            position: 0,
            under_way: VecDeque::new(),
            noted,
        }
    }

    /// Sends bytes; waits while too many are under way.
    pub async fn push(&mut self, mut bytes: Bytes) {
        while !bytes.is_empty() {
            let block = bytes.split_to(bytes.len().min(BLOCK));
            while self.under_way.len() >= UNDER_WAY {
                self.confirm_first().await;
            }
            let sent = self.send(self.position, &block).await;
            let (position, len) = (self.position, block.len() as u64);
            self.under_way.push_back(Block {
                position,
                bytes: block,
                sent,
            });
            self.position += len;
        }
    }

    /// Waits until the queue has all of it; how many bytes that are.
    pub async fn finish(mut self) -> u64 {
        while !self.under_way.is_empty() {
            self.confirm_first().await;
        }
        if let Some(noted) = self.noted.take() {
            // It only says that it runs.
            let _ = noted.await;
        }
        self.position
    }

    async fn confirm_first(&mut self) {
        let Some(mut first) = self.under_way.pop_front() else {
            return;
        };
        let mut pause = FIRST;
        loop {
            if let Some(sent) = first.sent.take()
                && sent.await.is_ok()
            {
                return;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LAST);
            first.sent = self.send(first.position, &first.bytes).await;
        }
    }

    async fn send(&self, position: u64, bytes: &Bytes) -> Option<PublishAckFuture> {
        let text = position.to_string();
        let message = PublishMessage::build()
            .payload(bytes.clone())
            .message_id(format!("{}.{text}", self.id))
            .header(POSITION, text.as_str());
        let sent = self
            .queue
            .context
            .send_publish(self.subject.clone(), message)
            .await;
        sent.ok()
    }
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed")
            .field("subject", &self.subject)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}
