//! A host for the tests: a router with plugins, recorded metrics, and tasks whose lines are kept.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use solti_model::{
    Flag, OutputEvent, StreamKind, SubprocessMode, SubprocessSpec, TaskEnv, TaskId, TaskKind,
    TaskSpec,
};
use solti_plugin_host::{
    BuildContext, LoadReport, MetricsBackend, OutputRegistry, PluginLoader, RunnerErrorKind,
    RunnerRouter, RunnerType, TaskOutcome,
};
use taskvisor::{TaskError, TaskRef};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// How long a test waits for what should come at once.
pub const SOON: Duration = Duration::from_secs(20);

/// A loaded directory.
pub struct Host {
    pub directory: TempDir,
    pub registry: Arc<OutputRegistry>,
    pub metrics: Arc<Recorded>,
    pub router: RunnerRouter,
    pub report: LoadReport,
}

/// A directory with the plugins of these packages.
pub fn directory_with(packages: &[&str]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for package in packages {
        e2e::install(package, directory.path(), package);
    }
    directory
}

impl Host {
    /// Loads the plugins of these packages; none may be rejected.
    pub fn with(packages: &[&str]) -> Self {
        let host = Self::load(directory_with(packages), PluginLoader::new());
        assert!(host.report.rejected().is_empty(), "{}", host.report);
        host
    }

    /// Loads a directory.
    pub fn load(directory: TempDir, loader: PluginLoader) -> Self {
        let registry = Arc::new(OutputRegistry::new(1 << 16));
        let metrics = Arc::new(Recorded::default());
        let context = BuildContext::default()
            .with_output_registry(Arc::clone(&registry))
            .with_metrics(Arc::clone(&metrics) as _);
        let mut router = RunnerRouter::new().with_context(context);
        let report = loader.load_dir(directory.path(), &mut router).unwrap();
        Self {
            directory,
            registry,
            metrics,
            router,
            report,
        }
    }

    /// Builds the task of a spec.
    pub fn build(&self, spec: &TaskSpec) -> TaskRef {
        self.router
            .build(spec)
            .unwrap_or_else(|err| panic!("{err}"))
    }

    /// Builds the task of a spec, runs one attempt of it, and returns its end and its lines.
    pub async fn run(&self, spec: &TaskSpec) -> (Result<(), TaskError>, Vec<Line>) {
        let task = self.build(spec);
        self.attempt(&task, CancellationToken::new()).await
    }

    /// Runs one attempt of a task.
    pub async fn attempt(
        &self,
        task: &TaskRef,
        cancel: CancellationToken,
    ) -> (Result<(), TaskError>, Vec<Line>) {
        let id = TaskId::from(task.name());
        self.registry.ensure_channel(id.clone());
        let mut events = self.registry.subscribe(&id).unwrap();
        let end = tokio::time::timeout(SOON, task.spawn(cancel))
            .await
            .expect("it ends soon");
        let mut lines = Vec::new();
        while let Ok(event) = events.try_recv() {
            if let OutputEvent::Chunk(chunk) = event {
                lines.push(Line {
                    stream: chunk.stream,
                    attempt: chunk.attempt,
                    seq: chunk.seq,
                    text: String::from_utf8(chunk.line.to_vec()).unwrap(),
                });
            }
        }
        (end, lines)
    }
}

/// One line of output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub stream: StreamKind,
    pub attempt: u32,
    pub seq: u64,
    pub text: String,
}

/// The texts of lines.
pub fn texts(lines: &[Line]) -> Vec<&str> {
    lines.iter().map(|line| line.text.as_str()).collect()
}

/// A spec that runs a command.
pub fn command(slot: &str, command: &str, args: &[&str]) -> TaskSpec {
    let mode = SubprocessMode::Command {
        command: command.to_owned(),
        args: args.iter().map(ToString::to_string).collect(),
    };
    subprocess(slot, mode)
}

/// A spec of the subprocess kind.
pub fn subprocess(slot: &str, mode: SubprocessMode) -> TaskSpec {
    let kind = TaskKind::Subprocess(SubprocessSpec {
        mode,
        env: TaskEnv::default(),
        cwd: None,
        fail_on_non_zero: Flag::enabled(),
    });
    TaskSpec::builder(slot, kind, 60_000_u64).build().unwrap()
}

/// What was recorded, in order.
#[derive(Default)]
pub struct Recorded(Mutex<Vec<Record>>);

/// One recorded metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    Started(RunnerType),
    Completed(RunnerType, TaskOutcome),
    Error(RunnerType, RunnerErrorKind),
}

impl Recorded {
    pub fn all(&self) -> Vec<Record> {
        self.0.lock().unwrap().clone()
    }
}

impl MetricsBackend for Recorded {
    fn record_task_started(&self, runner_type: RunnerType) {
        self.0.lock().unwrap().push(Record::Started(runner_type));
    }

    fn record_task_completed(&self, runner_type: RunnerType, outcome: TaskOutcome, _: u64) {
        self.0
            .lock()
            .unwrap()
            .push(Record::Completed(runner_type, outcome));
    }

    fn record_runner_error(&self, runner_type: RunnerType, error_kind: RunnerErrorKind) {
        self.0
            .lock()
            .unwrap()
            .push(Record::Error(runner_type, error_kind));
    }
}
