//! A task that was given to this host.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_nats::jetstream::AckKind;
use async_nats::{Request, Subject};
use bytes::Bytes;

use super::feed::Feed;
use super::persist::{FIRST, LAST, persist};
use super::taker::Taker;
use crate::connect::{ANSWER, create, json, put, read};
use crate::error::QueueError;
use crate::names::{self, Key, STATE};
use crate::need::Need;
use crate::record::{Dead, Outcome, Run};
use crate::time::now;

/// How often the end of a delivery is confirmed again before it is left to the next one.
const CONFIRMED: usize = 5;

/// A task that was given to this host, until it is done or given back.
pub struct Delivery {
    /// Its name.
    pub name: String,
    /// What a host runs.
    pub manifest: Bytes,
    /// How often it was delivered so far, from 1.
    pub number: u64,
    /// What it needs.
    pub need: Arc<Need>,
    /// After how long without [`progress`](Self::progress) it is given to another host.
    pub lease: Duration,
    taker: Taker,
    /// Where the server hears what becomes of it.
    reply: Subject,
    /// When it began here, once that is noted.
    began: OnceLock<u64>,
}

impl Delivery {
    pub(super) fn of(
        taker: &Taker,
        need: &Arc<Need>,
        lease: Duration,
        message: async_nats::jetstream::Message,
    ) -> Option<Self> {
        let number = message.info().ok().map(|info| info.delivered)?;
        let (_, name) = names::read_task(&message.subject)?;
        let name = name.to_owned();
        let reply = message.reply.clone()?;
        Some(Self {
            name,
            manifest: message.payload.clone(),
            number: u64::try_from(number).unwrap_or(1),
            need: Arc::clone(need),
            lease,
            taker: taker.clone(),
            reply,
            began: OnceLock::new(),
        })
    }

    /// Whether it is to be run: not one that has a result, whose end was asked for, or that was delivered too
    /// often. Those are done with when this returns.
    ///
    /// # Errors
    ///
    /// When the queue does not answer.
    pub async fn is_to_run(&self) -> Result<bool, QueueError> {
        let state = &self.taker.queue.state;
        // The first time there is nothing: who cancels one that waits takes its message away.
        if self.number > 1 {
            let ended: Option<Outcome> = read(state, &Key::Result.of(&self.name)).await?;
            if ended.is_some() {
                self.confirm(AckKind::Ack).await;
                return Ok(false);
            }
            if self.taker.is_cancelled(&self.name).await? {
                self.cancelled().await?;
                return Ok(false);
            }
        }
        let most = self.taker.queue.settings.deliveries;
        if self.number > most {
            let run: Option<Run> = read(state, &Key::Run.of(&self.name)).await?;
            let last = run.map(|run| format!(", the last time to {}", run.host));
            let reason = format!(
                "it was delivered {most} times{} and never ended: each host died, was cut off, or gave it back",
                last.unwrap_or_default()
            );
            self.bury(reason).await?;
            return Ok(false);
        }
        Ok(true)
    }

    /// Notes that it was cancelled before it began here.
    ///
    /// # Errors
    ///
    /// When the queue cannot keep it.
    pub async fn cancelled(&self) -> Result<(), QueueError> {
        self.end(&Outcome::never_begun(self.number)).await.map(drop)
    }

    /// Notes that it runs here, and where what it writes goes to.
    pub async fn begin(&self) -> Feed {
        let run = self.run(*self.began.get_or_init(now));
        let subject = format!("$KV.{STATE}.{}", Key::Run.of(&self.name));
        // Who asks is told a moment later; the result waits for it.
        let noted = self.taker.queue.context.publish(subject, json(&run)).await;
        Feed::new(
            Arc::clone(&self.taker.queue),
            &self.name,
            self.number,
            noted.ok(),
        )
    }

    fn run(&self, started: u64) -> Run {
        Run {
            host: self.taker.host.to_string(),
            delivery: self.number,
            started,
            given_back: false,
        }
    }

    /// Tells that it is still worked at; to be repeated well within the lease.
    pub async fn progress(&self) {
        // The next one may come through.
        let _ = self.tell(AckKind::Progress).await;
    }

    /// Stores how it has ended, unless that was stored before, and takes it out of the queue; whether this is
    /// the result. It is tried until it is done.
    ///
    /// # Errors
    ///
    /// When the queue cannot keep it.
    pub async fn end(&self, outcome: &Outcome) -> Result<bool, QueueError> {
        let state = &self.taker.queue.state;
        let key = Key::Result.of(&self.name);
        let mut is_ours = persist(|| create(state, &key, outcome)).await?;
        if !is_ours {
            // An answer that was lost, perhaps.
            let found: Option<Outcome> = persist(|| read(state, &key)).await?;
            is_ours = found.as_ref() == Some(outcome);
        }
        self.confirm(AckKind::Ack).await;
        Ok(is_ours)
    }

    /// Gives it back, to be delivered again, to this host or another, after a time. From now on it waits, for
    /// who asks.
    pub async fn give_back(&self, after: Duration) {
        if let Some(&started) = self.began.get() {
            // Otherwise it seems to run here until it is delivered again.
            let run = Run {
                given_back: true,
                ..self.run(started)
            };
            let _ = put(&self.taker.queue.state, &Key::Run.of(&self.name), &run).await;
        }
        // Where this does not come through the lease runs out.
        let _ = self.tell(AckKind::Nak(Some(after))).await;
    }

    /// Puts it among the dead letters.
    ///
    /// # Errors
    ///
    /// When the queue cannot keep it.
    pub async fn bury(&self, reason: String) -> Result<(), QueueError> {
        let dead = Dead::now(reason, self.number);
        let queue = &self.taker.queue;
        persist(|| queue.bury(&self.name, &self.need, self.manifest.clone(), &dead)).await?;
        self.confirm(AckKind::Term).await;
        Ok(())
    }

    async fn tell(&self, kind: AckKind) -> Result<(), async_nats::PublishError> {
        let client = &self.taker.queue.client;
        client.publish(self.reply.clone(), kind.into()).await
    }

    /// Has the server confirm that it is done with.
    async fn confirm(&self, kind: AckKind) {
        let client = &self.taker.queue.client;
        let mut pause = FIRST;
        for _ in 0..CONFIRMED {
            // What the client has for this makes a subscription each time.
            let asked = Request::new().payload(kind.into()).timeout(Some(ANSWER));
            let answer = client.send_request(self.reply.clone(), asked).await;
            if answer.is_ok() {
                return;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LAST);
        }
        // It is delivered once more, and its result is found.
    }
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery")
            .field("name", &self.name)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}
