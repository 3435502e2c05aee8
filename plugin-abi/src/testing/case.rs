//! A task, and what is done with it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use solti_model::{
    AdmissionPolicy, BackoffPolicy, ContainerSpec, Flag, JitterPolicy, Labels, RestartPolicy,
    RunnerEnv, RunnerSelector, Runtime, SubprocessMode, SubprocessSpec, TaskEnv, TaskKind,
    TaskSpec, WasmSpec,
};
use tokio_util::sync::CancellationToken;

use super::flow::Reader;
use super::work::Work;
use crate::workload::Workload;

/// How often a task is attempted at most, where nothing else is said.
const MOST_ATTEMPTS: u32 = 10;
/// How long an attempt may take, where nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long an attempt that is cancelled may take to end, where nothing else is said.
const GRACE: Duration = Duration::from_secs(5);

/// A task, and what is done with it: made by [`command`], [`script`], [`wasm`], [`container`] or
/// [`workload`], or of a [`TaskSpec`] or [`Workload`] that is there already.
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

#[derive(Debug, Clone)]
enum Kind {
    OfModel(TaskKind),
    Own(String, Value),
}

/// A task of kind `subprocess` that runs a program with these arguments.
///
/// # Examples
///
/// ```
/// use solti_plugin_abi::testing::command;
///
/// let case = command("backup", ["--all"]).env("ZONE", "eu").cancel_after_line("ready");
/// # let _ = case;
/// ```
pub fn command<const N: usize>(program: impl Into<String>, args: [&str; N]) -> Case {
    subprocess(SubprocessMode::Command {
        command: program.into(),
        args: args.map(str::to_owned).into(),
    })
}

/// A task of kind `subprocess` that runs a script, by the shell `bash` where it is run at all.
pub fn script(body: impl AsRef<[u8]>) -> Case {
    subprocess(SubprocessMode::Script {
        runtime: Runtime::Bash,
        body: STANDARD.encode(body),
        args: Vec::new(),
    })
}

/// A task of kind `wasm` that runs the module of this file.
pub fn wasm<const N: usize>(module: impl Into<String>, args: [&str; N]) -> Case {
    Case::new(Kind::OfModel(TaskKind::Wasm(WasmSpec {
        module: module.into().into(),
        args: args.map(str::to_owned).into(),
        env: TaskEnv::default(),
    })))
}

/// A task of kind `container` that runs this image.
pub fn container<const N: usize>(image: impl Into<String>, args: [&str; N]) -> Case {
    Case::new(Kind::OfModel(TaskKind::Container(ContainerSpec {
        image: image.into(),
        command: None,
        args: args.map(str::to_owned).into(),
        env: TaskEnv::default(),
    })))
}

/// A task of a kind of the author's own, such as `example.com/v1/HttpCheck`.
///
/// # Examples
///
/// ```
/// use serde_json::json;
/// use solti_plugin_abi::testing::workload;
///
/// let case = workload("example.com/v1/HttpCheck", json!({ "url": "http://localhost" }));
/// # let _ = case;
/// ```
pub fn workload(kind: impl Into<String>, spec: Value) -> Case {
    Case::new(Kind::Own(kind.into(), spec))
}

fn subprocess(mode: SubprocessMode) -> Case {
    Case::new(Kind::OfModel(TaskKind::Subprocess(SubprocessSpec {
        mode,
        env: TaskEnv::default(),
        cwd: None,
        fail_on_non_zero: Flag::enabled(),
    })))
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

    /// Adds arguments of the program, script, module or container.
    ///
    /// # Panics
    ///
    /// For a kind of the author's own: what that is told is in its spec.
    pub fn args(mut self, more: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let args = match &mut self.kind {
            Kind::OfModel(TaskKind::Subprocess(process)) => match &mut process.mode {
                SubprocessMode::Command { args, .. } | SubprocessMode::Script { args, .. } => args,
            },
            Kind::OfModel(TaskKind::Wasm(wasm)) => &mut wasm.args,
            Kind::OfModel(TaskKind::Container(container)) => &mut container.args,
            other => panic!("a task of kind {} has no arguments", other.name()),
        };
        args.extend(more.into_iter().map(Into::into));
        self
    }

    /// Adds a variable to the task's environment.
    ///
    /// # Panics
    ///
    /// As [`args`](Self::args).
    pub fn env(mut self, key: &str, value: &str) -> Self {
        let env = match &mut self.kind {
            Kind::OfModel(TaskKind::Subprocess(process)) => &mut process.env,
            Kind::OfModel(TaskKind::Wasm(wasm)) => &mut wasm.env,
            Kind::OfModel(TaskKind::Container(container)) => &mut container.env,
            other => panic!("a task of kind {} has no environment", other.name()),
        };
        env.push(key, value);
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

    /// What is built.
    pub(super) fn work(&self) -> Work {
        let timeout = u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX);
        match &self.kind {
            Kind::Own(kind, spec) => {
                let mut workload = Workload::new(self.slot.as_str(), kind, timeout, spec.clone());
                workload.restart = self.restart;
                workload.backoff = self.backoff.clone();
                workload.admission = self.admission;
                workload.runner_selector = self.selector.clone();
                workload.labels = self.labels.clone();
                Work::Workload(Box::new(workload))
            }
            Kind::OfModel(kind) => {
                let mut spec = TaskSpec::builder(self.slot.as_str(), kind.clone(), timeout)
                    .restart(self.restart)
                    .backoff(self.backoff.clone())
                    .admission(self.admission)
                    .labels(self.labels.clone());
                if let Some(selector) = &self.selector {
                    spec = spec.runner_selector(selector.clone());
                }
                match spec.build() {
                    Ok(spec) => Work::Spec(Box::new(spec)),
                    Err(err) => panic!("the spec of this test is none: {err}"),
                }
            }
        }
    }
}

impl Kind {
    fn name(&self) -> &str {
        match self {
            Self::OfModel(kind) => kind.kind(),
            Self::Own(kind, _) => kind,
        }
    }
}

impl From<TaskSpec> for Case {
    fn from(spec: TaskSpec) -> Self {
        Self {
            slot: spec.slot().to_string(),
            timeout: Duration::from_millis(spec.timeout().as_millis()),
            restart: spec.restart(),
            backoff: spec.backoff().clone(),
            admission: spec.admission(),
            selector: spec.runner_selector().cloned(),
            labels: spec.labels().clone(),
            ..Self::new(Kind::OfModel(spec.kind().clone()))
        }
    }
}

impl From<Workload> for Case {
    fn from(workload: Workload) -> Self {
        Self {
            slot: workload.slot.to_string(),
            timeout: Duration::from_millis(workload.timeout.as_millis()),
            restart: workload.restart,
            backoff: workload.backoff,
            admission: workload.admission,
            selector: workload.runner_selector,
            labels: workload.labels,
            ..Self::new(Kind::Own(workload.kind, workload.spec))
        }
    }
}
