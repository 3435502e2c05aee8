//! Attempts as their author sees them.

mod channel;
mod record;

use std::fmt;
use std::future::Future;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Map, Value};
use solti_model::{StreamKind, TaskId, TaskKind, TaskSpec};
use taskvisor::{TaskError, TaskFn, TaskRef};
use tokio_util::sync::CancellationToken;

use crate::call::CallFuture;
use crate::context::BuildContext;
use crate::metrics::RunnerType;
use crate::output::{LineWriter, OutputSink, Pressure};
use crate::runner::Runner;
use crate::spawn::{AttemptOutcome, AttemptScope};

use channel::NewChannel;
pub use record::AttemptRecord;

/// Makes a task of a function that runs one attempt.
///
/// It does what every runner has to: the run id, the number of each attempt, its sink, its deadline,
/// and its record in the metrics, also for an attempt that is dropped or panics. The function is
/// called for each attempt, the first and every retry.
///
/// A panic in it is a [`TaskError::Fatal`]: it is not tried again. Catch it and return
/// [`TaskError::Fail`] where it should be.
///
/// # Examples
///
/// ```
/// use solti_plugin_abi::prelude::*;
///
/// struct Hello;
///
/// impl Runner for Hello {
///     fn name(&self) -> &'static str {
///         "hello"
///     }
///     fn supports(&self, spec: &TaskSpec) -> bool {
///         matches!(spec.kind(), TaskKind::Subprocess(_))
///     }
///     fn build_task(&self, spec: &TaskSpec, ctx: &BuildContext) -> Result<TaskRef, RunnerError> {
///         Ok(attempts(self, spec, ctx, |attempt| async move {
///             attempt.stdout(format!("attempt {}", attempt.number()));
///             Ok(())
///         }))
///     }
/// }
/// ```
pub fn attempts<R, F, Fut>(runner: &R, spec: &TaskSpec, ctx: &BuildContext, run: F) -> TaskRef
where
    R: Runner + ?Sized,
    F: Fn(Attempt) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), TaskError>> + Send + 'static,
{
    let runner_type = type_of(spec.kind());
    let timeout = Duration::from_millis(spec.timeout().as_millis());
    attempts_of(runner, spec.slot().as_str(), runner_type, timeout, ctx, run)
}

/// [`attempts`] of anything that has a slot and a timeout: for a runner whose kind is none of the
/// model's, or whose type in the metrics is another than its kind says.
pub fn attempts_of<R, F, Fut>(
    runner: &R,
    slot: &str,
    runner_type: RunnerType,
    timeout: Duration,
    ctx: &BuildContext,
    run: F,
) -> TaskRef
where
    R: Runner + ?Sized,
    F: Fn(Attempt) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), TaskError>> + Send + 'static,
{
    let name = match ctx.run_id() {
        Some(id) => id.name().to_owned(),
        None => runner.build_run_id(slot).into_name(),
    };
    let id = TaskId::from(name.clone());
    let output = Arc::clone(ctx.output_registry());
    // Now rather than with the first attempt: a subscriber may come before it.
    let channel = NewChannel::ensure(&output, &id, ctx.cancellation());
    let metrics = Arc::clone(ctx.metrics());
    let counted = AtomicU32::new(0);
    TaskFn::arc(name, move |cancel: CancellationToken| {
        channel.is_used();
        let scope = AttemptScope::take_beginning().unwrap_or_default();
        // A supervisor that does not count leaves it to the task.
        let counted = counted.fetch_add(1, Ordering::Relaxed) + 1;
        let number = match scope.number() {
            0 => counted,
            number => number,
        };
        let record = AttemptRecord::begin(Arc::clone(&metrics), runner_type, timeout);
        let sink = scope
            .take_sink()
            .unwrap_or_else(|| output.sink_for(id.clone(), number));
        let attempt = Attempt {
            shared: Arc::new(Shared {
                number,
                id: id.clone(),
                cancel,
                deadline: scope
                    .deadline()
                    .or_else(|| Instant::now().checked_add(timeout)),
                sink,
                scope,
            }),
        };
        let ended = Ended(Arc::clone(&attempt.shared.scope));
        let running = run(attempt);
        async move {
            let _ended = ended;
            let result = running.await;
            record.end(&result);
            result
        }
    })
}

/// Held by the future of an attempt: lets go of what belongs to the attempt, however it ends.
struct Ended(Arc<AttemptScope>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.end();
    }
}

fn type_of(kind: &TaskKind) -> RunnerType {
    match kind {
        TaskKind::Subprocess(_) => RunnerType::Subprocess,
        TaskKind::Container(_) => RunnerType::Container,
        TaskKind::Wasm(_) => RunnerType::Wasm,
        other => RunnerType::custom(other.kind()),
    }
}

/// One attempt of a task. Clones are the same attempt.
#[derive(Clone)]
pub struct Attempt {
    shared: Arc<Shared>,
}

struct Shared {
    number: u32,
    id: TaskId,
    cancel: CancellationToken,
    deadline: Option<Instant>,
    sink: OutputSink,
    scope: Arc<AttemptScope>,
}

impl Attempt {
    /// The number of this attempt; the first is 1.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.shared.number
    }

    /// The run that this is an attempt of.
    #[must_use]
    pub fn id(&self) -> &TaskId {
        &self.shared.id
    }

    /// Ends when the attempt is cancelled. An attempt that ends then returns
    /// [`TaskError::Canceled`].
    pub async fn cancelled(&self) {
        self.shared.cancel.cancelled().await;
    }

    /// Whether the attempt has been cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.shared.cancel.is_cancelled()
    }

    /// Waits for `future`, but no longer than until the attempt is cancelled: with `?`, the attempt ends
    /// then as it should.
    ///
    /// # Errors
    ///
    /// [`TaskError::Canceled`], once the attempt is cancelled; `future` is dropped by then.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use solti_plugin_abi::prelude::*;
    ///
    /// async fn wait(attempt: Attempt) -> Result<(), TaskError> {
    ///     attempt.unless_cancelled(tokio::time::sleep(Duration::from_secs(60))).await?;
    ///     attempt.stdout("a minute later");
    ///     Ok(())
    /// }
    /// ```
    pub async fn unless_cancelled<F: Future>(&self, future: F) -> Result<F::Output, TaskError> {
        let ended = self.shared.cancel.run_until_cancelled(future).await;
        ended.ok_or(TaskError::Canceled)
    }

    /// What is cancelled with the attempt.
    #[must_use]
    pub fn cancellation(&self) -> &CancellationToken {
        &self.shared.cancel
    }

    /// When the attempt's time is over and its future is dropped; `None` where it has no limit.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.shared.deadline
    }

    /// What else the supervisor knows of the attempt, such as `traceparent`.
    #[must_use]
    pub fn context(&self) -> &Map<String, Value> {
        self.shared.scope.context()
    }

    /// Pushes one line of standard output, without its line end.
    pub fn stdout(&self, line: impl AsRef<[u8]>) -> Pressure {
        self.shared.sink.push(StreamKind::Stdout, line.as_ref())
    }

    /// Pushes one line of standard error, without its line end.
    pub fn stderr(&self, line: impl AsRef<[u8]>) -> Pressure {
        self.shared.sink.push(StreamKind::Stderr, line.as_ref())
    }

    /// Makes lines of the bytes of a reader.
    #[must_use]
    pub fn lines(&self, stream: StreamKind) -> LineWriter {
        LineWriter::new(self.shared.sink.clone(), stream)
    }

    /// Where the attempt's output goes.
    #[must_use]
    pub fn output(&self) -> &OutputSink {
        &self.shared.sink
    }

    /// The descriptor that is the attempt's standard input; the first caller gets it, and it is
    /// closed with the attempt if nobody asks.
    #[must_use]
    pub fn take_stdin(&self) -> Option<OwnedFd> {
        self.shared.scope.take_stdin()
    }

    /// Says how the attempt ends, besides what it returns: for its supervisor and who reads of it.
    pub fn set_outcome(&self, outcome: AttemptOutcome) {
        self.shared.scope.set_outcome(outcome);
    }

    /// Says how the attempt ends, and what follows from that for the contract: what it returns.
    ///
    /// # Errors
    ///
    /// As [`AttemptOutcome::result`].
    pub fn end(&self, outcome: AttemptOutcome) -> Result<(), TaskError> {
        let result = outcome.result();
        self.set_outcome(outcome);
        result
    }

    /// Answers the supervisor's calls of methods, such as `signal` and `stats`. A method that is not
    /// known is answered with [`CallError::unknown`](crate::CallError::unknown).
    pub fn answer_with(
        &self,
        answers: impl Fn(&str, Bytes) -> CallFuture<'static> + Send + Sync + 'static,
    ) {
        self.shared.scope.answer_with(Arc::new(answers));
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("id", &self.shared.id)
            .field("number", &self.shared.number)
            .finish_non_exhaustive()
    }
}
