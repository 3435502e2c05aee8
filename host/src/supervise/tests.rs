mod ends;
mod handles;
mod limits;
mod stopping;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use solti_model::{
    AdmissionPolicy, BackoffPolicy, Flag, JitterPolicy, RestartPolicy, SubprocessMode,
    SubprocessSpec, TaskEnv, TaskKind, TaskSpec,
};
use solti_plugin_abi::{BuildContext, Runner, RunnerError, TapOptions, attempts};
use taskvisor::{TaskError, TaskRef};

use super::*;
use crate::RunnerRouter;

/// Nothing here takes so long.
const SOON: Duration = Duration::from_secs(20);

/// A runner that does what the first word of a command says.
#[derive(Default)]
struct Scripted {
    running: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    begun: Arc<Mutex<Vec<String>>>,
}

impl Runner for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn supports(&self, spec: &TaskSpec) -> bool {
        word(spec) != "nobody"
    }

    fn build_task(&self, spec: &TaskSpec, ctx: &BuildContext) -> Result<TaskRef, RunnerError> {
        match word(spec).as_str() {
            "unbuilt" => return Err(RunnerError::InvalidSpec("no such thing".to_owned())),
            "slow build" => std::thread::sleep(Duration::from_millis(300)),
            _ => {}
        }
        let (word, slot) = (word(spec), spec.slot().to_string());
        let (running, most) = (Arc::clone(&self.running), Arc::clone(&self.most));
        let begun = Arc::clone(&self.begun);
        Ok(attempts(self, spec, ctx, move |attempt| {
            let (word, running) = (word.clone(), Running::one_more(&running, &most));
            begun.lock().push(slot.clone());
            async move {
                let _running = running;
                attempt.stdout(&word);
                match word.as_str() {
                    "fail" => Err(TaskError::Fail {
                        reason: "it failed".to_owned(),
                        exit_code: Some(7),
                    }),
                    "third time" if attempt.number() < 3 => Err(TaskError::Fail {
                        reason: "not yet".to_owned(),
                        exit_code: None,
                    }),
                    "fatal" => Err(TaskError::Fatal {
                        reason: "it is over".to_owned(),
                        exit_code: None,
                    }),
                    "panic" => panic!("told to panic"),
                    "cancel itself" => Err(TaskError::Canceled),
                    "a while" => {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        Ok(())
                    }
                    "for ever" => {
                        attempt.cancelled().await;
                        Err(TaskError::Canceled)
                    }
                    "stubborn" => std::future::pending().await,
                    _ => Ok(()),
                }
            }
        }))
    }
}

/// One more attempt that runs, until it is dropped.
struct Running(Arc<AtomicUsize>);

impl Running {
    fn one_more(running: &Arc<AtomicUsize>, most: &AtomicUsize) -> Self {
        let now = running.fetch_add(1, Ordering::SeqCst) + 1;
        most.fetch_max(now, Ordering::SeqCst);
        Self(Arc::clone(running))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn word(spec: &TaskSpec) -> String {
    match spec.kind() {
        TaskKind::Subprocess(SubprocessSpec {
            mode: SubprocessMode::Command { command, .. },
            ..
        }) => command.clone(),
        _ => String::new(),
    }
}

/// A spec of a command that takes a minute at most.
fn spec(slot: &str, word: &str) -> TaskSpec {
    spec_within(slot, word, 60_000)
}

fn spec_within(slot: &str, word: &str, timeout_ms: u64) -> TaskSpec {
    let kind = TaskKind::Subprocess(SubprocessSpec {
        mode: SubprocessMode::Command {
            command: word.to_owned(),
            args: Vec::new(),
        },
        env: TaskEnv::default(),
        cwd: None,
        fail_on_non_zero: Flag::enabled(),
    });
    TaskSpec::builder(slot, kind, timeout_ms)
        .restart(RestartPolicy::Never)
        .admission(AdmissionPolicy::Queue)
        .build()
        .unwrap()
}

/// The spec, tried again after so many milliseconds.
fn again(spec: TaskSpec, restart: RestartPolicy, after_ms: u64) -> TaskSpec {
    TaskSpec::builder(
        spec.slot().clone(),
        spec.kind().clone(),
        spec.timeout().as_millis(),
    )
    .restart(restart)
    .backoff(BackoffPolicy {
        jitter: JitterPolicy::None,
        first_ms: after_ms,
        max_ms: after_ms,
        factor: 1.0,
    })
    .admission(spec.admission())
    .build()
    .unwrap()
}

fn admitted(spec: TaskSpec, admission: AdmissionPolicy) -> TaskSpec {
    TaskSpec::builder(
        spec.slot().clone(),
        spec.kind().clone(),
        spec.timeout().as_millis(),
    )
    .restart(RestartPolicy::Never)
    .admission(admission)
    .build()
    .unwrap()
}

/// What an observer has heard.
#[derive(Default, Clone)]
struct Heard {
    ends: Arc<Mutex<Vec<TaskEnd>>>,
    attempts: Arc<Mutex<Vec<(u64, u32, String)>>>,
    outputs: Arc<Mutex<Vec<TaskOutput>>>,
    /// Whether it keeps the outputs without reading them.
    keeps_outputs: bool,
}

impl Observer for Heard {
    fn started(&self, task: &StartedTask<'_>) {
        if self.keeps_outputs {
            let output = task.output(TapOptions::default());
            self.outputs.lock().extend(output);
        }
    }

    fn attempt_ended(&self, task: TaskNumber, attempt: u32, outcome: &Outcome) {
        let attempt = (task.get(), attempt, outcome.to_string());
        self.attempts.lock().push(attempt);
    }

    fn ended(&self, end: TaskEnd) {
        self.ends.lock().push(end);
    }
}

impl Heard {
    /// The outcomes in the order of the tasks; each is there once.
    fn outcomes(&self) -> Vec<String> {
        let mut ends = self.ends.lock().clone();
        ends.sort_by_key(|end| end.number);
        let numbers: Vec<_> = ends.iter().map(|end| end.number.get()).collect();
        let all: Vec<_> = (0..ends.len() as u64).collect();
        assert_eq!(numbers, all, "each task ends once");
        ends.iter().map(|end| end.outcome.to_string()).collect()
    }
}

/// A supervisor of a scripted runner, what its observer hears, and the runner's counters.
fn supervised(options: SupervisorOptions) -> (Supervisor, Heard, Arc<Scripted>) {
    supervised_by(options, Heard::default())
}

fn supervised_by(options: SupervisorOptions, heard: Heard) -> (Supervisor, Heard, Arc<Scripted>) {
    let runner = Arc::new(Scripted::default());
    let mut router = RunnerRouter::new();
    router.register(Arc::clone(&runner) as _);
    let supervisor = Supervisor::with(router, options, heard.clone());
    (supervisor, heard, runner)
}

/// Waits until it holds.
async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !holds() {
        assert!(began.elapsed() < SOON, "never: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
