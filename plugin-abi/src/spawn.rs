//! What a supervisor tells an attempt that begins, and what it learns of it.
//!
//! [`Task::spawn`](taskvisor::Task::spawn) takes a cancellation token and nothing else. What else
//! there is to say, the attempt's number, its deadline, where its output goes, travels beside it:
//! [`Spawn::begin`] leaves it where the task finds it while `spawn` runs, on the same thread.

use std::cell::RefCell;
use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Map, Value};
use taskvisor::{BoxTaskFuture, TaskError, TaskRef};
use tokio_util::sync::CancellationToken;

use crate::call::{self, CallFuture};
use crate::output::OutputSink;
use crate::scoped::with_value;

thread_local! {
    /// The attempt that begins on this thread now.
    static BEGINNING: RefCell<Option<Arc<AttemptScope>>> = const { RefCell::new(None) };
}

/// How an attempt ended, as far as its runner says, on success as well.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct AttemptOutcome {
    /// The exit code of a process, where there was one and it ended by itself.
    pub exit_code: Option<i32>,
    /// The number of the signal that ended a process.
    pub signal: Option<i32>,
    /// What else the runner says of it.
    pub details: Map<String, Value>,
}

impl AttemptOutcome {
    /// The outcome of a process that ended by itself with this code.
    #[must_use]
    pub fn exited(code: i32) -> Self {
        Self {
            exit_code: Some(code),
            ..Self::default()
        }
    }

    /// The outcome of a process that the signal of this number ended.
    #[must_use]
    pub fn signaled(signal: i32) -> Self {
        Self {
            signal: Some(signal),
            ..Self::default()
        }
    }

    /// Adds what else is to be said.
    #[must_use]
    pub fn with_detail(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.details.insert(name.into(), value.into());
        self
    }

    /// What the contract says of this outcome: success, or a failure that may be tried again.
    ///
    /// # Errors
    ///
    /// [`TaskError::Fail`] for an exit code other than 0 and for a signal.
    pub fn result(&self) -> Result<(), TaskError> {
        let reason = match (self.signal, self.exit_code) {
            (Some(signal), _) => format!("ended by signal {signal}"),
            (None, Some(code)) if code != 0 => format!("exited with code {code}"),
            _ => return Ok(()),
        };
        Err(TaskError::Fail {
            reason,
            exit_code: self.exit_code,
        })
    }
}

/// What a supervisor tells an attempt that begins.
///
/// # Examples
///
/// ```
/// use solti_plugin_abi::Spawn;
/// use solti_plugin_abi::prelude::*;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let task: TaskRef = TaskFn::arc("task", |_cancel: CancellationToken| async {
///     Ok::<(), TaskError>(())
/// });
/// let attempt = Spawn::new(1).begin(&task, CancellationToken::new());
/// assert!(attempt.future.await.is_ok());
/// assert_eq!(attempt.control.outcome().exit_code, None);
/// # });
/// ```
#[derive(Debug, Default)]
pub struct Spawn {
    number: u32,
    deadline: Option<Instant>,
    sink: Option<OutputSink>,
    stdin: Option<OwnedFd>,
    context: Map<String, Value>,
}

/// An attempt that a supervisor has begun.
pub struct SpawnedAttempt {
    /// Ends with the attempt. Dropping it stops the attempt.
    pub future: BoxTaskFuture,
    /// The way to the attempt while it runs, and to its outcome afterwards.
    pub control: AttemptControl,
}

/// The way to one attempt. Clones lead to the same.
#[derive(Debug, Clone)]
pub struct AttemptControl {
    scope: Arc<AttemptScope>,
}

/// What is known of one attempt, shared by its supervisor and its task.
#[doc(hidden)]
#[derive(Default)]
pub struct AttemptScope {
    number: u32,
    deadline: Option<Instant>,
    context: Map<String, Value>,
    sink: Mutex<Option<OutputSink>>,
    stdin: Mutex<Option<OwnedFd>>,
    outcome: Mutex<AttemptOutcome>,
    answers: Mutex<Answering>,
    plugin: OnceLock<Arc<str>>,
}

/// What answers calls, until the attempt is over.
#[derive(Default)]
enum Answering {
    #[default]
    Nobody,
    By(Answers),
    Over,
}

/// What answers calls to an attempt.
#[doc(hidden)]
pub type Answers = Arc<dyn Fn(&str, Bytes) -> CallFuture<'static> + Send + Sync>;

impl Spawn {
    /// The attempt with this number; the first is 1.
    #[must_use]
    pub fn new(number: u32) -> Self {
        Self {
            number,
            ..Self::default()
        }
    }

    /// Tells the attempt when its time is over. The supervisor ends it then, the attempt need not.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Gives the attempt a sink, in the place of the one that its registry would make.
    #[must_use]
    pub fn with_sink(mut self, sink: OutputSink) -> Self {
        self.sink = Some(sink);
        self
    }

    /// Gives the attempt its standard input. A runner that reads none closes it.
    #[must_use]
    pub fn with_stdin(mut self, stdin: OwnedFd) -> Self {
        self.stdin = Some(stdin);
        self
    }

    /// Tells the attempt what else is known of it, such as `traceparent`.
    #[must_use]
    pub fn with_context(mut self, context: Map<String, Value>) -> Self {
        self.context = context;
        self
    }

    /// Begins an attempt of `task`. Does not block longer than the task's `spawn` does.
    pub fn begin(self, task: &TaskRef, cancel: CancellationToken) -> SpawnedAttempt {
        let scope = AttemptScope::of(
            self.number,
            self.deadline,
            self.sink,
            self.stdin,
            self.context,
        );
        let scope = Arc::new(scope);
        let future = scope.while_beginning(|| task.spawn(cancel));
        SpawnedAttempt {
            future,
            control: AttemptControl { scope },
        }
    }
}

impl AttemptControl {
    /// Calls a method of the attempt, such as `signal` or `stats`: what it knows is up to its runner.
    /// One that has not answered after 30 seconds is waited for no longer. The future needs the clock of
    /// a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`CallError`](crate::CallError), when the future is awaited.
    pub fn call(&self, method: &str, payload: Bytes) -> CallFuture<'static> {
        match self.scope.answers() {
            Some(answers) => {
                call::limited(method, payload, |method, payload| answers(method, payload))
            }
            None => call::unknown(method),
        }
    }

    /// The plugin that runs the attempt, as soon as it has begun there; `None` for a runner that is linked
    /// in.
    #[must_use]
    pub fn plugin(&self) -> Option<Arc<str>> {
        self.scope.plugin.get().cloned()
    }

    /// What the runner says of the end, once the attempt has ended.
    #[must_use]
    pub fn outcome(&self) -> AttemptOutcome {
        self.scope.outcome.lock().clone()
    }
}

impl AttemptScope {
    pub fn of(
        number: u32,
        deadline: Option<Instant>,
        sink: Option<OutputSink>,
        stdin: Option<OwnedFd>,
        context: Map<String, Value>,
    ) -> Self {
        Self {
            number,
            deadline,
            context,
            sink: Mutex::new(sink),
            stdin: Mutex::new(stdin),
            outcome: Mutex::default(),
            answers: Mutex::default(),
            plugin: OnceLock::new(),
        }
    }

    /// Says which plugin runs the attempt.
    pub fn run_by(&self, plugin: Arc<str>) {
        // An attempt begins once.
        let _ = self.plugin.set(plugin);
    }

    /// The attempt that begins on this thread; each is handed out once.
    pub fn take_beginning() -> Option<Arc<Self>> {
        BEGINNING.with_borrow_mut(Option::take)
    }

    /// Runs `f`, in which the task finds this scope.
    pub fn while_beginning<T>(self: &Arc<Self>, f: impl FnOnce() -> T) -> T {
        with_value(&BEGINNING, Arc::clone(self), || {
            let begun = f();
            if Self::take_beginning().is_some() {
                // A task that knows of no such thing: its standard input ends, and its sink is gone.
                self.end();
            }
            begun
        })
    }

    /// The attempt's number, from 1; 0 when its supervisor does not count.
    pub fn number(&self) -> u32 {
        self.number
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    pub fn context(&self) -> &Map<String, Value> {
        &self.context
    }

    /// The sink the supervisor has given; the first caller gets it.
    pub fn take_sink(&self) -> Option<OutputSink> {
        self.sink.lock().take()
    }

    /// The standard input the supervisor has given; the first caller gets it.
    pub fn take_stdin(&self) -> Option<OwnedFd> {
        self.stdin.lock().take()
    }

    pub fn set_outcome(&self, outcome: AttemptOutcome) {
        *self.outcome.lock() = outcome;
    }

    pub fn outcome(&self) -> AttemptOutcome {
        self.outcome.lock().clone()
    }

    /// Lets go of what belongs to the attempt while it runs: an author's answers may hold the attempt,
    /// which holds this.
    pub fn end(&self) {
        let answers = std::mem::replace(&mut *self.answers.lock(), Answering::Over);
        let stdin = self.stdin.lock().take();
        let sink = self.sink.lock().take();
        drop((answers, stdin, sink));
    }

    /// Lets `answers` answer the supervisor's calls from now on.
    pub fn answer_with(&self, answers: Answers) {
        let mut answering = self.answers.lock();
        // They may hold the attempt, which holds this: after its end nobody would let go of them.
        if !matches!(*answering, Answering::Over) {
            *answering = Answering::By(answers);
        }
    }

    pub fn answers(&self) -> Option<Answers> {
        match &*self.answers.lock() {
            Answering::By(answers) => Some(Arc::clone(answers)),
            Answering::Nobody | Answering::Over => None,
        }
    }
}

impl fmt::Debug for SpawnedAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpawnedAttempt")
            .field("control", &self.control)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AttemptScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttemptScope")
            .field("number", &self.number)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::MAX_CALL_BYTES;

    /// An attempt that is linked in, with a runner's answers.
    fn control() -> AttemptControl {
        let scope = Arc::new(AttemptScope::default());
        scope.answer_with(Arc::new(|method, payload| -> CallFuture<'static> {
            match method {
                "echo" => Box::pin(std::future::ready(Ok(payload))),
                "large" => Box::pin(std::future::ready(Ok(vec![0; MAX_CALL_BYTES + 1].into()))),
                other => call::unknown(other),
            }
        }));
        AttemptControl { scope }
    }

    #[tokio::test]
    async fn a_call_of_an_attempt_that_is_linked_in_has_the_limits_of_one_in_a_plugin() {
        let control = control();
        let call = async |method: &str, payload: Vec<u8>| {
            let answer = control.call(method, payload.into()).await;
            answer.map_err(|err| err.to_string())
        };
        assert_eq!(call("echo", b"abc".to_vec()).await.unwrap(), "abc");
        assert_eq!(
            call("echo", vec![0; 64 << 20]).await.unwrap_err(),
            "'echo': the request has 67108864 bytes, at most 16777216 are passed on"
        );
        assert_eq!(
            call("large", Vec::new()).await.unwrap_err(),
            "'large': the answer has 16777217 bytes, at most 16777216 are passed on"
        );
    }
}
