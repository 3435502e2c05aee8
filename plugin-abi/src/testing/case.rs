//! A task, and what is done with it.

mod kind;
pub(super) mod make;
mod work;

use std::time::Duration;

use serde_json::{Map, Value};
use solti_model::{
    AdmissionPolicy, BackoffPolicy, JitterPolicy, Labels, RestartPolicy, RunnerEnv, RunnerSelector,
};
use tokio_util::sync::CancellationToken;

use super::flow::Reader;
use kind::Kind;

/// How often a task is attempted at most, where nothing else is said.
const MOST_ATTEMPTS: u32 = 10;
/// How long an attempt may take, where nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long an attempt that is cancelled may take to end, where nothing else is said.
const GRACE: Duration = Duration::from_secs(5);

/// A task, and what is done with it: made by [`command`](super::command), [`script`](super::script),
/// [`wasm`](super::wasm), [`container`](super::container) or [`workload`](super::workload), or of a
/// [`TaskSpec`](solti_model::TaskSpec) or [`Workload`](crate::Workload) that is there already.
///
/// Unless something else is said, an attempt may take 10 seconds, is not tried again, is read without
/// delay, and a next one follows a millisecond after the last.
#[derive(Debug, Clone)]
#[must_use]
pub struct Case {
    slot: String,
    kind: Kind,
    timeout: Duration,
    restart: RestartPolicy,
    backoff: BackoffPolicy,
    admission: AdmissionPolicy,
    selector: Option<RunnerSelector>,
    labels: Labels,
    pub(super) host_env: RunnerEnv,
    pub(super) metadata: Map<String, Value>,
    pub(super) context: Map<String, Value>,
    pub(super) stdin: Option<Vec<u8>>,
    pub(super) cancel: Option<Cancel>,
    pub(super) grace: Duration,
    pub(super) most_attempts: u32,
    pub(super) reader: Reader,
}

/// When a task is cancelled.
#[derive(Debug, Clone)]
pub(super) enum Cancel {
    /// When a line has this text in it.
    Line(String),
    /// So long after its first attempt began.
    After(Duration),
    /// When somebody else says so.
    By(CancellationToken),
}

impl Case {
    fn new(kind: Kind) -> Self {
        Self {
            slot: "test".to_owned(),
            kind,
            timeout: TIMEOUT,
            restart: RestartPolicy::Never,
            backoff: BackoffPolicy {
                jitter: JitterPolicy::None,
                first_ms: 1,
                max_ms: 1,
                factor: 1.0,
            },
            admission: AdmissionPolicy::default(),
            selector: None,
            labels: Labels::new(),
            host_env: RunnerEnv::default(),
            metadata: Map::new(),
            context: Map::new(),
            stdin: None,
            cancel: None,
            grace: GRACE,
            most_attempts: MOST_ATTEMPTS,
            reader: Reader::Eager,
        }
    }

    /// Sets the slot; `test` unless set.
    pub fn slot(mut self, slot: impl Into<String>) -> Self {
        self.slot = slot.into();
        self
    }

    /// Adds a variable that the host gives to all its tasks.
    pub fn host_env(mut self, key: &str, value: &str) -> Self {
        self.host_env.push(key, value);
        self
    }

    /// Labels the task.
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.insert(key, value);
        self
    }

    /// Says what a host knows of the task besides its spec, such as `uid`.
    pub fn metadata(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.metadata.insert(name.to_owned(), value.into());
        self
    }

    /// Says what a host knows of each attempt, such as `traceparent`.
    pub fn context(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.context.insert(name.to_owned(), value.into());
        self
    }

    /// Gives the first attempt a standard input that has these bytes in it.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// Sets how long one attempt may take.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Has the task tried again when it fails, until it succeeds or
    /// [`most_attempts`](Self::most_attempts) have been made.
    pub fn retried(self) -> Self {
        self.restart(RestartPolicy::OnFailure)
    }

    /// Sets whether the task is attempted again.
    pub fn restart(mut self, restart: RestartPolicy) -> Self {
        self.restart = restart;
        self
    }

    /// Sets how long to wait before another attempt.
    pub fn backoff(mut self, backoff: BackoffPolicy) -> Self {
        self.backoff = backoff;
        self
    }

    /// Sets after how many attempts the test ends, whatever the restart policy says; 10 unless set.
    pub fn most_attempts(mut self, attempts: u32) -> Self {
        self.most_attempts = attempts.max(1);
        self
    }

    /// Cancels the task as soon as a line has this text in it.
    pub fn cancel_after_line(mut self, part: impl Into<String>) -> Self {
        self.cancel = Some(Cancel::Line(part.into()));
        self
    }

    /// Cancels the task so long after its first attempt began.
    pub fn cancel_after(mut self, time: Duration) -> Self {
        self.cancel = Some(Cancel::After(time));
        self
    }

    /// Cancels the task when this token is cancelled: by the test, whenever it likes.
    pub fn cancel_by(mut self, token: CancellationToken) -> Self {
        self.cancel = Some(Cancel::By(token));
        self
    }

    /// Sets how long a cancelled attempt may take to end before it is dropped; 5 seconds unless set.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Sets who reads the output: a slow reader has the writer wait.
    pub fn reader(mut self, reader: Reader) -> Self {
        self.reader = reader;
        self
    }
}
