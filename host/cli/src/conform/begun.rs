//! An attempt that a rule has begun.

use std::time::{Duration, Instant};

use solti_plugin_host::Spawn;
use solti_plugin_host::taskvisor::{BoxTaskFuture, TaskError, TaskRef};
use solti_plugin_host::tokio_util::sync::CancellationToken;
use tokio::time::timeout;

use super::recorder::Written;
use super::rule::{SOON, WORK};
use super::subject::Subject;
use super::tasks::Does;
use super::verdict::{Tried, untried};

/// How long is waited at once for what an attempt writes.
const SLICE: Duration = Duration::from_millis(20);

/// An attempt that a rule has begun.
pub(super) struct Begun<'a> {
    subject: &'a Subject<'a>,
    does: Does,
    /// The name of the task, which is the id of its run.
    pub(super) name: String,
    cancel: CancellationToken,
    /// The attempt; dropping it stops it.
    pub(super) future: BoxTaskFuture,
    is_over: bool,
    /// How, until that is told.
    ended: Option<Result<(), TaskError>>,
    /// Held as long as the attempt: a host does not let go of a task that runs.
    _task: TaskRef,
}

impl Subject<'_> {
    /// Builds the task that does this and begins its first attempt.
    pub(super) fn begin(&self, does: Does) -> Tried<Begun<'_>> {
        let task = self.build(does)?;
        Ok(Begun::of(self, does, task))
    }

    /// Runs one attempt of the quick task to its end, which is success.
    pub(super) fn run_quick(&self) -> Tried {
        self.begin(Does::Quick)?.succeed()
    }

    /// Begins the long task, and waits until it has written something.
    pub(super) fn begin_long(&self) -> Tried<Begun<'_>> {
        let begun = self.begin(Does::Long)?;
        begun.has_written()
    }
}

impl<'a> Begun<'a> {
    /// Begins the first attempt of a task.
    pub(super) fn of(subject: &'a Subject<'a>, does: Does, task: TaskRef) -> Self {
        Self::attempt(subject, does, task, 1, None)
    }

    /// Begins an attempt of a task.
    pub(super) fn attempt(
        subject: &'a Subject<'a>,
        does: Does,
        task: TaskRef,
        number: u32,
        time: Option<Duration>,
    ) -> Self {
        let cancel = CancellationToken::new();
        let mut spawn = Spawn::new(number);
        if let Some(time) = time {
            spawn = spawn.with_deadline(Instant::now() + time);
        }
        Self {
            subject,
            does,
            name: task.name().to_owned(),
            future: spawn.begin(&task, cancel.clone()).future,
            is_over: false,
            ended: None,
            _task: task,
            cancel,
        }
    }

    /// What it has written, whatever sinks it has taken for that.
    pub(super) fn written(&self) -> Vec<Written> {
        self.subject.recorder.of(&self.name)
    }

    /// Waits until it has written something.
    pub(super) fn has_written(mut self) -> Tried<Self> {
        if self.wait(|written| written.bytes > 0) {
            return Ok(self);
        }
        let end = self.within(Duration::ZERO);
        let end = end.map_or(String::new(), |end| format!(", and {}", told(&end)));
        let what = format!("wrote nothing{end}");
        Err(self.subject.not_kept(self.does, &what))
    }

    /// Waits until `is_so` of what it has written; whether it came to that before its end, and within the
    /// time that work may take.
    pub(super) fn wait(&mut self, is_so: impl Fn(&Written) -> bool) -> bool {
        let until = Instant::now() + WORK;
        let (subject, name) = (self.subject, self.name.clone());
        let is_so = |sinks: &[Written]| sinks.iter().any(|it| it.task == name && is_so(it));
        loop {
            // The last that it writes is there before its end is.
            let is_over = self.has_ended(Duration::ZERO) || Instant::now() >= until;
            if subject.recorder.wait(SLICE, is_so) {
                return true;
            }
            if is_over {
                return false;
            }
        }
    }

    /// Waits for its end, for so long at most; how it ended, which is told once.
    pub(super) fn within(&mut self, time: Duration) -> Option<Result<(), TaskError>> {
        self.has_ended(time);
        self.ended.take()
    }

    /// Waits for its end, for so long at most; whether it has come.
    fn has_ended(&mut self, time: Duration) -> bool {
        if !self.is_over {
            let future = &mut self.future;
            let waiting = async { timeout(time, future).await };
            self.ended = self.subject.runtime.block_on(waiting).ok();
            self.is_over = self.ended.is_some();
        }
        self.is_over
    }

    /// Waits for its end, for as long as some work may take.
    pub(super) fn end(&mut self) -> Tried<Result<(), TaskError>> {
        let ended = self.within(WORK);
        ended.ok_or_else(|| {
            let seconds = WORK.as_secs();
            let what = format!("had not ended after {seconds} seconds");
            self.subject.not_kept(self.does, &what)
        })
    }

    /// Waits for its end, which is success.
    pub(super) fn succeed(mut self) -> Tried {
        match self.end()? {
            Ok(()) => Ok(()),
            Err(err) => {
                let what = format!("was to succeed, and {}", told(&Err(err)));
                Err(self.subject.not_kept(self.does, &what))
            }
        }
    }

    /// Waits for its end, which is a failure.
    pub(super) fn fail(mut self) -> Tried {
        match self.end()? {
            Err(TaskError::Fail { .. } | TaskError::Fatal { .. }) => Ok(()),
            other => {
                let what = format!("was to fail, and {}", told(&other));
                Err(self.subject.not_kept(self.does, &what))
            }
        }
    }

    /// Cancels it and waits for its end; how it ended, `None` where it did not within the bound.
    pub(super) fn cancelled(&mut self) -> Tried<Option<Result<(), TaskError>>> {
        if let Some(end) = self.within(Duration::ZERO) {
            let what = format!("was to run until it is stopped, and {}", told(&end));
            return Err(self.subject.not_kept(self.does, &what));
        }
        self.cancel.cancel();
        Ok(self.within(SOON))
    }

    /// Cancels it and waits for its end, where a rule is about something else.
    pub(super) fn is_cancelled(&mut self) -> Tried {
        match self.cancelled()? {
            Some(_) => Ok(()),
            None => Err(untried(
                "a cancelled attempt did not end: see the rule `cancel-is-honoured`",
            )),
        }
    }
}

/// How an attempt ended, in the past tense.
pub(super) fn told(end: &Result<(), TaskError>) -> String {
    match end {
        Ok(()) => "succeeded".to_owned(),
        Err(TaskError::Canceled) => "ended as cancelled".to_owned(),
        Err(TaskError::Fail { reason, .. } | TaskError::Fatal { reason, .. }) => {
            format!("failed: {reason}")
        }
        Err(other) => format!("ended with {other}"),
    }
}
