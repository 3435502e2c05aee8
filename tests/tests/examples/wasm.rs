//! The plugin `wasm`: what a module sees, how it ends, and that it cannot outstay its welcome.

mod end;
mod load;
mod log;
mod programs;
mod rust;
mod stop;
mod world;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use solti_model::{
    OutputEvent, RunnerEnv, StreamKind, TaskEnv, TaskId, TaskKind, TaskSpec, WasmSpec,
};
use solti_plugin_host::{
    BuildContext, PluginLoader, RunnerError, RunnerErrorKind, RunnerRouter, RunnerType, TaskOutcome,
};
use taskvisor::{TaskError, TaskRef};
use tokio::sync::broadcast::Receiver;
use tokio_util::sync::CancellationToken;

use crate::support::{Host, Line, Record, SOON, directory_with, texts, until};
use log::Kept;
use programs::{
    ENDLESS, ENDLESS_CALLS, For, SLEEP, SLEEP_BY_TWO, collector, exiter, greeter, hoarder, opener,
    oracle, program, repeater, reporter, worker,
};

/// A host with the plugin, and with modules beside it.
struct Wasm {
    host: Host,
}

impl Wasm {
    fn new() -> Self {
        Self::with("")
    }

    /// The plugin with a configuration, the lines of a TOML table.
    fn with(config: &str) -> Self {
        let directory = directory_with(&["wasm"]);
        fs::write(
            directory.path().join("wasm.toml"),
            format!("[config]\n{config}"),
        )
        .unwrap();
        let host = Host::load(directory, PluginLoader::new());
        assert!(host.report.rejected().is_empty(), "{}", host.report);
        Self { host }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.host.directory.path().join(name)
    }

    /// A spec of a module given as text.
    fn spec(&self, text: &str) -> TaskSpec {
        let module = self.file("program.wasm");
        fs::write(&module, wat::parse_str(text).unwrap()).unwrap();
        spec(&module)
    }

    /// A spec of a module given as bytes.
    fn raw(&self, bytes: &[u8]) -> TaskSpec {
        let module = self.file("raw.wasm");
        fs::write(&module, bytes).unwrap();
        spec(&module)
    }

    async fn run(&self, text: &str) -> (Result<(), TaskError>, Vec<Line>) {
        self.host.run(&self.spec(text)).await
    }

    async fn failure(&self, spec: &TaskSpec) -> TaskError {
        let (end, _) = self.host.run(spec).await;
        end.unwrap_err()
    }

    /// Starts a task whose guest says `ready`, and waits until it has.
    async fn start(&self, spec: &TaskSpec) -> Running {
        let task = self.host.build(spec);
        let id = TaskId::from(task.name());
        let mut events = self.host.registry.subscribe(&id).unwrap();
        let cancel = CancellationToken::new();
        let attempt = tokio::spawn(task.spawn(cancel.clone()));
        let OutputEvent::Chunk(chunk) = soon(events.recv()).await.unwrap() else {
            panic!("a line comes first");
        };
        assert_eq!(chunk.line, "ready");
        Running {
            id,
            task,
            events,
            cancel,
            attempt,
        }
    }

    /// Waits until nothing of a task's guest is left: the last sink of its channel is gone.
    async fn gone(&self, id: &TaskId, task: TaskRef, mut events: Receiver<OutputEvent>) {
        drop(task);
        self.host.registry.evict(id);
        soon(async { while events.recv().await.is_ok() {} }).await;
    }

    /// What was recorded of an attempt, behind so many records. Of one that is dropped the end comes last,
    /// behind its output.
    async fn recorded_since(&self, seen: usize) -> Vec<Record> {
        let all = || self.host.metrics.all();
        until("the attempt is recorded", || all().len() >= seen + 2).await;
        all().split_off(seen)
    }

    /// A text with the directory replaced by `DIR`.
    fn path(&self, text: &str) -> String {
        text.replace(&self.host.directory.path().display().to_string(), "DIR")
    }
}

/// A task whose guest runs.
struct Running {
    id: TaskId,
    task: TaskRef,
    events: Receiver<OutputEvent>,
    cancel: CancellationToken,
    attempt: tokio::task::JoinHandle<Result<(), TaskError>>,
}

fn spec(module: &Path) -> TaskSpec {
    spec_with(module, &[], TaskEnv::new(), 60_000)
}

fn spec_with(module: &Path, args: &[&str], env: TaskEnv, timeout_ms: u64) -> TaskSpec {
    let kind = TaskKind::Wasm(WasmSpec {
        module: module.to_owned(),
        args: args.iter().map(ToString::to_string).collect(),
        env,
    });
    TaskSpec::builder("slot", kind, timeout_ms).build().unwrap()
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, future)
        .await
        .expect("it comes soon")
}

/// How long it may take to stop a guest.
const STOPPING: Duration = Duration::from_millis(100);

/// Stops a guest, a few times if need be, and returns at the first that took no longer than it may.
/// A busy machine can hold up each of them, but hardly all.
async fn stops_in_time(what: &str, stop: impl AsyncFn() -> Duration) {
    let mut took = Vec::new();
    while took.len() < 5 {
        let this = stop().await;
        assert!(this < Duration::from_secs(2), "{what}: {this:?}");
        if this < STOPPING {
            return;
        }
        took.push(this);
    }
    panic!("{what}: stopped after {took:?}, none of them within {STOPPING:?}");
}

const STARTED: Record = Record::Started(RunnerType::Wasm);
const LOAD_FAILED: Record = Record::Error(RunnerType::Wasm, RunnerErrorKind::ModuleLoadFailed);

fn completed(outcome: TaskOutcome) -> Record {
    Record::Completed(RunnerType::Wasm, outcome)
}
