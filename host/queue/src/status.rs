//! How a queue is.

use serde::Serialize;

use crate::bucket;
use crate::connect::Queue;
use crate::dead::DeadLetter;
use crate::error::QueueError;
use crate::names;
use crate::need::Need;
use crate::record::Host;
use crate::time::now;

/// How many dead letters are told with their reasons.
const LETTERS: usize = 1000;

/// How a queue is.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Status {
    /// What waits and runs, for each need that was ever asked for.
    #[serde(rename = "tasks")]
    pub depths: Vec<Depth>,
    /// The hosts that take tasks.
    pub hosts: Vec<Host>,
    /// How many tasks are tried no more.
    pub dead_letters: u64,
    /// Those of them that came last, the newest first, a thousand at most.
    pub dead: Vec<DeadLetter>,
    /// The bytes of the stream of output.
    pub output_bytes: u64,
}

/// What waits and runs of one need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Depth {
    /// What a host has to have.
    pub need: Need,
    /// How many wait.
    pub waiting: u64,
    /// How many a host has.
    pub running: usize,
    /// How many of those were delivered before.
    pub redelivered: usize,
    /// How many hosts take such tasks.
    pub hosts: usize,
    /// The age of the oldest, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest: Option<u64>,
}

impl Queue {
    /// How the queue is.
    ///
    /// # Errors
    ///
    /// When it does not answer.
    pub async fn status(&self) -> Result<Status, QueueError> {
        let hosts = self.hosts().await?;
        let mut depths = Vec::new();
        for need in self.needs().await? {
            depths.push(self.depth(need, &hosts).await?);
        }
        depths.sort_by(|a, b| a.need.kind.cmp(&b.need.kind));
        let output = self.output_stream().await?.get_info().await;
        let output = output.map_err(|err| QueueError::failed("look at the output", err))?;
        let dead_letters = self.count_dead().await?;
        let mut dead = Vec::new();
        if dead_letters > 0 {
            dead = self.newest_dead(LETTERS).await?;
        }
        Ok(Status {
            depths,
            hosts,
            dead_letters,
            dead,
            output_bytes: output.state.bytes,
        })
    }

    /// All needs that somebody has had so far.
    async fn needs(&self) -> Result<Vec<Need>, QueueError> {
        let all = bucket::values(&self.needs, ">").await?;
        let needs = all.into_iter();
        // The settings are none.
        Ok(needs
            .filter_map(|(_, value)| serde_json::from_slice(&value).ok())
            .collect())
    }

    async fn depth(&self, need: Need, hosts: &[Host]) -> Result<Depth, QueueError> {
        let failed = |err: &dyn std::fmt::Display| QueueError::failed("look at the tasks", err);
        let token = need.token();
        let (waiting, running, redelivered) = match self.tasks.consumer_info(&token).await {
            Ok(info) => (info.num_pending, info.num_ack_pending, info.num_redelivered),
            // No host has ever asked for such tasks.
            Err(err) if is_missing(&err) => (self.count(&token).await?, 0, 0),
            Err(err) => return Err(failed(&err)),
        };
        let mut oldest = None;
        if waiting > 0 || running > 0 {
            let first = self.tasks.raw_message_builder().sequence(1);
            let first = first.next_by_subject(names::of_need(&token)).send().await;
            // It may have ended meanwhile.
            oldest = first.ok().map(|first| {
                let nanos = first.time.unix_timestamp_nanos() / 1_000_000;
                now().saturating_sub(u64::try_from(nanos).unwrap_or(0))
            });
        }
        let takes = |host: &&Host| host.runners.iter().any(|runner| runner.meets(&need));
        Ok(Depth {
            hosts: hosts.iter().filter(takes).count(),
            need,
            waiting,
            running,
            redelivered,
            oldest,
        })
    }

    /// How many tasks of a need there are, where no consumer counts them.
    async fn count(&self, token: &str) -> Result<u64, QueueError> {
        use tokio_stream::StreamExt as _;
        let failed = |err: &dyn std::fmt::Display| QueueError::failed("count the tasks", err);
        let info = self.tasks.info_with_subjects(names::of_need(token)).await;
        let mut info = info.map_err(|err| failed(&err))?;
        let mut count = 0;
        while let Some(subject) = info.next().await {
            count += subject.map_err(|err| failed(&err))?.1 as u64;
        }
        Ok(count)
    }
}

fn is_missing(err: &async_nats::jetstream::context::ConsumerInfoError) -> bool {
    use async_nats::jetstream::context::ConsumerInfoErrorKind as Kind;
    matches!(err.kind(), Kind::NotFound)
}
