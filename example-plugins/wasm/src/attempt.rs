//! One run of a task.
//!
//! The guest runs on a thread of the runtime's blocking pool, so that it holds up no other task.
//! The future that the host awaits only waits for it; dropping that future stops the guest.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use solti_plugin_abi::prelude::*;
use solti_plugin_abi::text::escape_bytes;
use tokio::task::JoinError;
use tracing::warn;

use crate::cache::{Found, NewModule};
use crate::engine::{Failure, Program};
use crate::module::Fault;
use crate::shared::Shared;
use crate::stop::Stop;
use crate::wasi::{self, Invocation, WorldError};

/// How long a cancelled attempt waits for its guest, which is longer than a guest takes to see
/// that it is to stop. One that is held up in the file system is left behind.
const STOP_GRACE: Duration = Duration::from_millis(100);

/// What the attempts of one task have in common.
pub(crate) struct Job {
    pub(crate) shared: Arc<Shared>,
    pub(crate) path: PathBuf,
    pub(crate) invocation: Invocation,
    pub(crate) metrics: MetricsHandle,
}

/// Stops the guest when the attempt is dropped.
struct Stopper {
    shared: Arc<Shared>,
    stop: Arc<Stop>,
}

impl Stopper {
    fn stop(&self) {
        self.stop.set();
        self.shared.engine.interrupt();
    }
}

impl Drop for Stopper {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Job {
    /// Runs one attempt.
    pub(crate) async fn run(self: Arc<Self>, attempt: Attempt) -> Result<(), TaskError> {
        let stopper = Stopper {
            shared: Arc::clone(&self.shared),
            stop: Arc::default(),
        };
        let parts = || {
            let sink = attempt.output().clone();
            (Arc::clone(&self), sink, Arc::clone(&stopper.stop))
        };
        // The thread that the guest runs on, or may.
        let mut guest = None;
        let running = async {
            let (job, sink, stop) = parts();
            let begun = move || job.begin(&sink, &stop);
            let begun = joined(guest.insert(tokio::task::spawn_blocking(begun)).await)?;
            guest = None;
            let Begun::Uncompiled(module) = begun else {
                return Ok(());
            };
            let Shared { cache, engine, .. } = &*self.shared;
            let program = joined(cache.compile(engine, module).await.map(Ok))??;
            let (job, sink, stop) = parts();
            let over = move || job.execute(&*program, &sink, &stop).map(|()| Begun::Over);
            joined(guest.insert(tokio::task::spawn_blocking(over)).await).map(drop)
        };
        let ended = tokio::select! {
            biased;
            ended = running => ended,
            () = attempt.cancelled() => {
                stopper.stop();
                if let Some(guest) = &mut guest
                    && tokio::time::timeout(STOP_GRACE, guest).await.is_err()
                {
                    warn!(
                        module = %self.path.display(),
                        "a cancelled module is still running after {STOP_GRACE:?}"
                    );
                }
                Err(Ended::Run(Failure::Stopped))
            }
        };
        match &ended {
            Ok(()) => attempt.set_outcome(AttemptOutcome::exited(0)),
            Err(Ended::Exit(code)) => attempt.set_outcome(AttemptOutcome::exited(*code)),
            Err(Ended::Run(Failure::Module(fault))) => {
                let outcome = AttemptOutcome::default();
                attempt.set_outcome(outcome.with_detail("error", fault.word()));
            }
            Err(_) => {}
        }
        ended.map_err(|ended| self.task_error(ended))
    }

    /// Loads the module and, if it is compiled, runs it to its end, on the calling thread.
    fn begin(&self, sink: &OutputSink, stop: &Arc<Stop>) -> Result<Begun, Ended> {
        if stop.is_set() {
            return Err(Failure::Stopped.into());
        }
        match self.shared.look_up(&self.path)? {
            Found::Compiled(program) => self.execute(&*program?, sink, stop).map(|()| Begun::Over),
            Found::New(module) => Ok(Begun::Uncompiled(module)),
        }
    }

    /// Runs a program to its end, on the calling thread.
    fn execute(
        &self,
        program: &dyn Program,
        sink: &OutputSink,
        stop: &Arc<Stop>,
    ) -> Result<(), Ended> {
        let lines = [StreamKind::Stdout, StreamKind::Stderr]
            .map(|stream| LineWriter::new(sink.clone(), stream));
        let world = wasi::world(&self.invocation, &self.shared.config, lines, stop)?;
        match program.run(world, stop)? {
            0 => Ok(()),
            code => Err(Ended::Exit(code)),
        }
    }

    /// The end of an attempt in the supervisor's terms; a failure of the runner is counted.
    fn task_error(&self, ended: Ended) -> TaskError {
        let fail = |reason, exit_code| TaskError::Fail { reason, exit_code };
        match ended {
            Ended::Exit(code) => fail(
                format!("module exited with non-zero code: {code}"),
                Some(code),
            ),
            Ended::World(err) => {
                self.count(RunnerErrorKind::BackendConfigFailed);
                fail(err.to_string(), None)
            }
            Ended::Run(Failure::Module(fault)) => {
                self.count(RunnerErrorKind::ModuleLoadFailed);
                let path = escape_bytes(self.path.as_os_str().as_encoded_bytes());
                let reason = format!("module {path} {fault}");
                if fault.may_pass() {
                    fail(reason, None)
                } else {
                    TaskError::Fatal {
                        reason,
                        exit_code: None,
                    }
                }
            }
            Ended::Run(Failure::Stopped) => TaskError::Canceled,
            Ended::Run(failure) => fail(failure.to_string(), None),
        }
    }

    fn count(&self, kind: RunnerErrorKind) {
        self.metrics.record_runner_error(RunnerType::Wasm, kind);
    }
}

/// How far an attempt has come on its first thread.
enum Begun {
    Over,
    /// The module is new: a thread for blocking work is not to wait for its turn to compile it.
    Uncompiled(NewModule),
}

/// What came of work on another thread; a panic goes on here.
fn joined<T>(joined: Result<Result<T, Ended>, JoinError>) -> Result<T, Ended> {
    joined.unwrap_or_else(|err| match err.try_into_panic() {
        Ok(payload) => std::panic::resume_unwind(payload),
        // The runtime is going down.
        Err(_) => Err(Failure::Stopped.into()),
    })
}

/// How an attempt ended, if not well.
enum Ended {
    Exit(i32),
    World(WorldError),
    Run(Failure),
}

impl From<WorldError> for Ended {
    fn from(err: WorldError) -> Self {
        Self::World(err)
    }
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Run(failure)
    }
}

impl From<Fault> for Ended {
    fn from(fault: Fault) -> Self {
        Self::Run(fault.into())
    }
}
