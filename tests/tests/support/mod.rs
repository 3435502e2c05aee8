//! A host for the tests: a router with plugins, recorded metrics, and tasks whose lines are kept.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use solti_model::{
    Flag, Labels, OutputEvent, RunnerSelector, StreamKind, SubprocessMode, SubprocessSpec, TaskEnv,
    TaskId, TaskKind, TaskSpec,
};
use solti_plugin_host::refusal::method;
use solti_plugin_host::{
    BuildContext, LoadReport, MetricsBackend, OutputRegistry, PluginLoader, RunnerErrorKind,
    RunnerRouter, RunnerType, TaskOutcome,
};
use taskvisor::{TaskError, TaskRef};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// How long a test waits for what should come at once.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A loaded directory.
pub(crate) struct Host {
    pub(crate) directory: TempDir,
    pub(crate) registry: Arc<OutputRegistry>,
    pub(crate) metrics: Arc<Recorded>,
    pub(crate) router: RunnerRouter,
    pub(crate) report: LoadReport,
}

/// A directory with the plugins of these packages.
pub(crate) fn directory_with(packages: &[&str]) -> TempDir {
    // What the tests write must not be open to others, or it is refused for that.
    rustix::process::umask(rustix::fs::Mode::from(0o022));
    let directory = tempfile::tempdir().unwrap();
    for package in packages {
        e2e::install(package, directory.path(), package);
    }
    directory
}

/// Loads a directory and returns what is said of each file that is not loaded.
pub(crate) fn complaints(loader: &PluginLoader, directory: &Path) -> Vec<String> {
    let report = loader
        .load_dir(directory, &mut RunnerRouter::new())
        .unwrap();
    let rejected = report.rejected().iter().map(ToString::to_string);
    let skipped = report.skipped().iter().map(|skipped| {
        format!(
            "{}: skipped: {}",
            skipped.file,
            skipped.reason.sentence(method)
        )
    });
    rejected.chain(skipped).collect()
}

impl Host {
    /// Loads the plugins of these packages; none may be rejected.
    pub(crate) fn with(packages: &[&str]) -> Self {
        let host = Self::load(directory_with(packages), PluginLoader::new());
        assert!(host.report.rejected().is_empty(), "{}", host.report);
        host
    }

    /// Loads a directory.
    pub(crate) fn load(directory: TempDir, loader: PluginLoader) -> Self {
        Self::load_with_rings(directory, loader, 1 << 16)
    }

    /// Loads a directory into a host whose tasks have rings of this many events each: a large ring loses
    /// nothing, and takes megabytes.
    pub(crate) fn load_with_rings(directory: TempDir, loader: PluginLoader, ring: usize) -> Self {
        let registry = Arc::new(OutputRegistry::new(ring));
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
    pub(crate) fn build(&self, spec: &TaskSpec) -> TaskRef {
        self.router
            .build(spec)
            .unwrap_or_else(|err| panic!("{err}"))
    }

    /// Builds the task of a spec, runs one attempt of it, and returns its end and its lines.
    pub(crate) async fn run(&self, spec: &TaskSpec) -> (Result<(), TaskError>, Vec<Line>) {
        let task = self.build(spec);
        self.attempt(&task, CancellationToken::new()).await
    }

    /// Runs one attempt of a task.
    pub(crate) async fn attempt(
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
pub(crate) struct Line {
    pub(crate) stream: StreamKind,
    pub(crate) attempt: u32,
    pub(crate) seq: u64,
    pub(crate) text: String,
}

/// The texts of lines.
pub(crate) fn texts(lines: &[Line]) -> Vec<&str> {
    lines.iter().map(|line| line.text.as_str()).collect()
}

/// A spec that runs a command.
pub(crate) fn command(slot: &str, command: &str, args: &[&str]) -> TaskSpec {
    let mode = SubprocessMode::Command {
        command: command.to_owned(),
        args: args.iter().map(ToString::to_string).collect(),
    };
    subprocess(slot, mode)
}

/// A spec of the subprocess kind.
pub(crate) fn subprocess(slot: &str, mode: SubprocessMode) -> TaskSpec {
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
pub(crate) struct Recorded(Mutex<Vec<Record>>);

/// One recorded metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Record {
    Started(RunnerType),
    Completed(RunnerType, TaskOutcome),
    Error(RunnerType, RunnerErrorKind),
}

impl Recorded {
    pub(crate) fn all(&self) -> Vec<Record> {
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

/// `bytes` with every occurrence of `from`, of which there is one at least, replaced by `to` of the
/// same length.
pub(crate) fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(
        from.len(),
        to.len(),
        "a file cannot be edited in place otherwise"
    );
    let mut bytes = bytes.to_vec();
    let mut at = 0;
    while let Some(found) = bytes[at..]
        .windows(from.len())
        .position(|window| window == from)
    {
        bytes[at + found..at + found + from.len()].copy_from_slice(to);
        at += found + from.len();
    }
    let shown = String::from_utf8_lossy(from);
    assert!(at > 0, "there is no {shown:?} to be replaced");
    bytes
}

/// `spec` for runners with a label.
pub(crate) fn selecting(spec: TaskSpec, key: &str, value: &str) -> TaskSpec {
    let mut labels = Labels::new();
    labels.insert(key, value);
    spec.with_runner_selector(RunnerSelector::from_labels(labels))
}

/// Runs a test once more in a process of its own, for what belongs to a whole process: its
/// environment, its threads and descriptors, its subscriber.
///
/// Answers `true` in that process, and `false` in the one that has waited for it. `test` is the full
/// name of the test, and `prepare` may change how the process is started.
pub(crate) fn alone(test: &str, prepare: impl FnOnce(&mut Command)) -> bool {
    const ALONE: &str = "E2E_ALONE";
    if std::env::var_os(ALONE).is_some_and(|name| name == test) {
        return true;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test]).env(ALONE, test);
    e2e::hand_over(&mut command);
    prepare(&mut command);
    // What is skipped there is said there.
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}");
    assert!(stdout.contains("1 passed"), "{stdout}");
    false
}

/// Waits until a plugin has a thread of its own: one that was started just now has no name yet.
#[cfg(target_os = "linux")]
pub(crate) fn wait_for_a_worker() {
    let began = std::time::Instant::now();
    while !has_a_worker() {
        assert!(began.elapsed() < SOON, "no plugin has a thread");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Whether this process has a thread of a plugin's runtime.
pub(crate) fn has_a_worker() -> bool {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    threads.into_iter().any(|thread| {
        let name = std::fs::read_to_string(thread.unwrap().path().join("comm"));
        // One that has ended meanwhile has none.
        name.is_ok_and(|name| name.trim() == "plugin-worker")
    })
}

/// Waits until `condition` holds.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(SOON, waiting).await.is_err() {
        panic!("still waiting: {what}");
    }
}
