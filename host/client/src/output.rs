//! The output of a task, followed through broken connections: nothing is lost, and nothing comes twice.

use std::time::Duration;

use bytes::BytesMut;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::{sleep, timeout};

use crate::client::{Client, in_path, with_query};
use crate::error::ClientError;
use crate::frames::{self, Entry, Event};

/// The media type of entries of a log.
const FRAMES: &str = "application/vnd.solti.frames";

/// How long nothing may come: a service that has nothing to tell says that it lives every 15 seconds.
const QUIET: Duration = Duration::from_secs(45);

/// How long is waited before the next try, at first and at most.
const FIRST: Duration = Duration::from_millis(200);
const LAST: Duration = Duration::from_secs(5);

/// What of a task's output is wanted.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Wanted {
    /// Of one attempt alone.
    pub attempt: Option<u32>,
    /// Of `stdout` or `stderr` alone.
    pub stream: Option<String>,
    /// The last lines alone.
    pub tail: Option<u64>,
    /// From a time on, as the service takes it.
    pub since: Option<String>,
    /// Whether more is waited for.
    pub follow: bool,
}

/// The output of a task.
pub struct Output<'a> {
    client: &'a Client,
    name: String,
    wanted: Wanted,
    body: Option<Incoming>,
    buffer: BytesMut,
    /// Behind the last entry that was handed out; not known before the first.
    position: Option<u64>,
    /// How long is waited before the next try.
    wait: Duration,
    is_over: bool,
}

impl Client {
    /// The output of a task, from its beginning or from where it is `wanted`.
    #[must_use]
    pub fn output(&self, name: &str, wanted: Wanted) -> Output<'_> {
        Output {
            client: self,
            name: name.to_owned(),
            wanted,
            body: None,
            buffer: BytesMut::new(),
            position: None,
            wait: FIRST,
            is_over: false,
        }
    }
}

impl Output<'_> {
    /// What comes next; `None` when nothing does. Where the connection breaks it goes on behind what was
    /// handed out last, as soon as a service answers again.
    ///
    /// # Errors
    ///
    /// When the service has refused it, or is none.
    pub async fn next(&mut self) -> Result<Option<Event>, ClientError> {
        loop {
            if self.is_over {
                return Ok(None);
            }
            if let Some(entry) = self.entry()? {
                match entry {
                    Entry::Event(event) => return Ok(Some(event)),
                    Entry::Position(position) => self.position = Some(position),
                    Entry::End(reason) => {
                        self.body = None;
                        self.buffer.clear();
                        match reason.as_str() {
                            "complete" | "so far" => self.is_over = true,
                            "the service stops" => {
                                return Ok(Some(self.interrupted(reason).await));
                            }
                            _ => return Err(self.broke(&reason)),
                        }
                    }
                }
                continue;
            }
            match self.more().await {
                Ok(()) => {}
                Err(err) if err.may_pass() && self.position.is_some() => {
                    return Ok(Some(self.interrupted(err.to_string()).await));
                }
                Err(err) => return Err(err),
            }
        }
    }

    /// Notes that the connection broke, and waits for a moment.
    async fn interrupted(&mut self, reason: String) -> Event {
        self.body = None;
        self.buffer.clear();
        sleep(self.wait).await;
        self.wait = (self.wait * 2).min(LAST);
        Event::Interrupted { reason }
    }

    /// Takes more from the service, to which it connects where it has to.
    async fn more(&mut self) -> Result<(), ClientError> {
        if self.body.is_none() {
            self.body = Some(self.client.stream(&self.path(), FRAMES).await?);
        }
        let Some(body) = &mut self.body else {
            return Ok(());
        };
        let frame = match timeout(QUIET, body.frame()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(err))) => return Err(self.client.broken(&err)),
            Ok(None) => return Err(self.broke("it ended in the middle")),
            Err(_) => return Err(self.broke("nothing came any more")),
        };
        if let Ok(data) = frame.into_data() {
            self.buffer.extend_from_slice(&data);
            self.wait = FIRST;
        }
        Ok(())
    }

    fn broke(&self, reason: &str) -> ClientError {
        ClientError::Broken {
            address: self.client.address().clone(),
            reason: reason.to_owned(),
        }
    }

    fn path(&self) -> String {
        let wanted = &self.wanted;
        let mut query = vec![("follow", wanted.follow.to_string())];
        query.extend(wanted.attempt.map(|it| ("attempt", it.to_string())));
        query.extend(wanted.stream.clone().map(|it| ("stream", it)));
        match self.position {
            Some(position) => query.push(("position", position.to_string())),
            None => {
                query.extend(wanted.tail.map(|it| ("tail", it.to_string())));
                query.extend(wanted.since.clone().map(|it| ("since", it)));
            }
        }
        with_query(&format!("/v1/tasks/{}/output", in_path(&self.name)), query)
    }

    /// The next entry, where it is there whole.
    fn entry(&mut self) -> Result<Option<Entry>, ClientError> {
        let found = frames::entry(&mut self.buffer).map_err(|err| ClientError::NotUnderstood {
            address: self.client.address().clone(),
            reason: err.to_string(),
        })?;
        let Some((entry, size)) = found else {
            return Ok(None);
        };
        if matches!(entry, Entry::Event(_)) {
            self.position = self.position.map(|position| position + size as u64);
        }
        Ok(Some(entry))
    }
}

impl std::fmt::Debug for Output<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output")
            .field("name", &self.name)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}
