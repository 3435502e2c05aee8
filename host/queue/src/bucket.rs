//! What a bucket has, many keys at once: one question, not one for each key.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::kv::Store;
use bytes::Bytes;
use tokio::time::timeout;
use tokio_stream::StreamExt as _;

use crate::connect::ANSWER;
use crate::error::QueueError;

/// How long the server remembers a question that is not ended in order.
const FORGOTTEN: Duration = Duration::from_secs(30);

/// How much is asked for at once, in messages.
const BATCH: usize = 500;

/// What stands instead of a value that was removed.
const OPERATION: &str = "KV-Operation";

/// The keys that fit a filter, such as `dead.>`, and what they have now.
pub(crate) async fn values(
    store: &Store,
    filter: &str,
) -> Result<Vec<(String, Bytes)>, QueueError> {
    entries(store, filter, DeliverPolicy::LastPerSubject, u64::MAX).await
}

/// What a part of the bucket's stream has of such keys, up to the message before `end`.
pub(crate) async fn entries(
    store: &Store,
    filter: &str,
    from: DeliverPolicy,
    end: u64,
) -> Result<Vec<(String, Bytes)>, QueueError> {
    let failed = |err: &dyn std::fmt::Display| QueueError::failed("read a bucket", err);
    let prefix = format!("$KV.{}.", store.name);
    let consumer = store.stream.create_consumer(pull::Config {
        deliver_policy: from,
        ack_policy: AckPolicy::None,
        filter_subject: format!("{prefix}{filter}"),
        inactive_threshold: FORGOTTEN,
        // Nobody asks for it again, and who asks because the server's disk is full gets an answer.
        memory_storage: true,
        ..pull::Config::default()
    });
    let consumer = consumer.await.map_err(|err| failed(&err))?;
    let mut left = consumer.cached_info().num_pending;
    let mut entries = Vec::new();
    if left > 0 {
        let messages = consumer.stream().max_messages_per_batch(BATCH).messages();
        let mut messages = messages.await.map_err(|err| failed(&err))?;
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
            let headers = message.headers.as_ref();
            let is_there = headers.is_none_or(|it| it.get(OPERATION).is_none());
            if let Some(key) = message.subject.strip_prefix(&prefix)
                && is_there
            {
                entries.push((key.to_owned(), message.payload.clone()));
            }
        }
    }
    // It goes by itself if this does not come through.
    let name = consumer.cached_info().name.clone();
    let _ = store.stream.delete_consumer(&name).await;
    Ok(entries)
}
