//! The plugin `container`: what it asks of an engine, and that it leaves nothing behind.
//!
//! `real` runs containers where an engine works. All other tests have an engine that is a script of
//! their own, see [`fake`]: so they run everywhere, and can make it fail and hang as they like.

mod command;
mod end;
mod fake;
mod image;
mod leftovers;
mod real;
mod stop;
mod which;

use std::fs;
use std::path::Path;
use std::time::Duration;

use e2e::process::runs;
use solti_model::{ContainerSpec, OutputEvent, TaskEnv, TaskId, TaskKind, TaskSpec};
use solti_plugin_host::{PluginLoader, RunnerErrorKind, RunnerType, TaskOutcome};
use taskvisor::{TaskError, TaskRef};
use tokio::sync::broadcast::Receiver;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::{Host, Record, SOON, directory_with, until};
use crate::{failed, fatal};

/// A host with the plugin and this table `config` in its sidecar.
fn configured(config: &str) -> Host {
    let directory = directory_with(&["container"]);
    let sidecar = directory.path().join("container.toml");
    fs::write(sidecar, format!("[config]\n{config}\n")).unwrap();
    Host::load(directory, PluginLoader::new())
}

/// A spec of a container of the image `image`, changed in one place.
fn spec_with(image: &str, change: impl FnOnce(&mut ContainerSpec)) -> TaskSpec {
    let mut container = ContainerSpec {
        image: image.to_owned(),
        command: None,
        args: Vec::new(),
        env: TaskEnv::default(),
    };
    change(&mut container);
    TaskSpec::builder("slot", TaskKind::Container(container), 60_000_u64)
        .build()
        .unwrap()
}

fn spec() -> TaskSpec {
    spec_with("image", |_| {})
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

/// An attempt under way, whose lines can be awaited.
struct Attempt {
    events: Receiver<OutputEvent>,
    cancel: CancellationToken,
    running: JoinHandle<Result<(), TaskError>>,
}

impl Attempt {
    fn of(host: &Host, spec: &TaskSpec) -> Self {
        Self::start(host, &host.build(spec), Duration::MAX)
    }

    /// Starts one as a supervisor does: what is not over after `timeout` is dropped.
    fn start(host: &Host, task: &TaskRef, timeout: Duration) -> Self {
        let events = host.registry.subscribe(&TaskId::from(task.name())).unwrap();
        let cancel = CancellationToken::new();
        let attempt = tokio::time::timeout(timeout, task.spawn(cancel.clone()));
        let running =
            tokio::spawn(
                async move { attempt.await.unwrap_or(Err(TaskError::Timeout { timeout })) },
            );
        Self {
            events,
            cancel,
            running,
        }
    }

    /// The next line of output.
    async fn line(&mut self) -> String {
        match tokio::time::timeout(SOON, self.events.recv()).await {
            Ok(Ok(OutputEvent::Chunk(chunk))) => String::from_utf8(chunk.line.to_vec()).unwrap(),
            other => panic!("instead of a line came {other:?}"),
        }
    }

    /// The end of the attempt.
    async fn end(&mut self) -> Result<(), TaskError> {
        tokio::time::timeout(SOON, &mut self.running)
            .await
            .expect("it ends soon")
            .unwrap()
    }

    /// Drops the host's future, as a supervisor does.
    async fn drop_future(&mut self) {
        self.running.abort();
        assert!((&mut self.running).await.unwrap_err().is_cancelled());
    }
}

const STARTED: Record = Record::Started(RunnerType::Container);

fn error(kind: RunnerErrorKind) -> Record {
    Record::Error(RunnerType::Container, kind)
}

fn completed(outcome: TaskOutcome) -> Record {
    Record::Completed(RunnerType::Container, outcome)
}

/// What is recorded of an attempt in which the runner failed.
fn failure_of(kind: RunnerErrorKind) -> [Record; 3] {
    [STARTED, error(kind), completed(TaskOutcome::Failure)]
}

/// Waits for the record of the only attempt, which then says how it ended.
async fn outcome(host: &Host) -> TaskOutcome {
    until("the attempt is recorded", || host.metrics.all().len() >= 2).await;
    match host.metrics.all()[..] {
        [STARTED, Record::Completed(RunnerType::Container, outcome)] => outcome,
        ref other => panic!("{other:?}"),
    }
}

/// The label of an owner in this namespace and of this boot: this process, or one that is not there.
fn owner(pid: u32, started: u64) -> String {
    let namespace = fs::read_link("/proc/self/ns/pid").unwrap();
    let namespace = namespace.to_string_lossy().replace("pid:[", "");
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let machine = fs::read_to_string("/etc/machine-id").unwrap_or_default();
    format!(
        "{pid}.{started}.{}.{}.{}",
        namespace.replace(']', ""),
        boot.trim().replace('-', ""),
        machine.trim()
    )
}

/// When this process started.
fn started() -> u64 {
    let stat = fs::read_to_string(Path::new("/proc/self/stat")).unwrap();
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    rest.split(' ').nth(19).unwrap().parse().unwrap()
}
