//! The subprocess runner, loaded from its library: what a user of it relies on.

mod failure;
mod output;
mod process;
mod stop;
mod supervised;

use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use e2e::process::{runs, state};
use solti_model::{
    Flag, OutputEvent, Runtime, SubprocessMode, SubprocessSpec, TaskEnv, TaskId, TaskKind, TaskSpec,
};
use solti_plugin_host::PluginLoader;
use taskvisor::{TaskError, TaskRef};
use tokio::sync::broadcast::Receiver;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::{self, Host, SOON, directory_with, until};
use crate::{failed, fatal};

/// A host with the plugin, as it is without a sidecar.
fn host() -> Host {
    Host::with(&["subprocess"])
}

/// A host with the plugin and this table `config` in its sidecar.
fn configured(config: &str) -> Host {
    let directory = directory_with(&["subprocess"]);
    let sidecar = directory.path().join("subprocess.toml");
    fs::write(sidecar, format!("[config]\n{config}\n")).unwrap();
    Host::load(directory, PluginLoader::new())
}

/// A spec that hands `script` to `sh -c`.
fn shell(script: &str) -> TaskSpec {
    support::command("slot", "sh", &["-c", script])
}

/// A spec of a script in a file.
fn script(runtime: Runtime, body: &str, args: &[&str]) -> TaskSpec {
    let mode = SubprocessMode::Script {
        runtime,
        body: base64::engine::general_purpose::STANDARD.encode(body),
        args: args.iter().map(ToString::to_string).collect(),
    };
    support::subprocess("slot", mode)
}

/// A spec that hands `script` to `sh -c`, changed in one place.
fn shell_with(script: &str, change: impl FnOnce(&mut SubprocessSpec)) -> TaskSpec {
    let mut subprocess = SubprocessSpec {
        mode: SubprocessMode::Command {
            command: "sh".to_owned(),
            args: vec!["-c".to_owned(), script.to_owned()],
        },
        env: TaskEnv::default(),
        cwd: None,
        fail_on_non_zero: Flag::enabled(),
    };
    change(&mut subprocess);
    TaskSpec::builder("slot", TaskKind::Subprocess(subprocess), 60_000_u64)
        .build()
        .unwrap()
}

/// The same spec with another timeout.
fn lasting(spec: &TaskSpec, timeout: Duration) -> TaskSpec {
    let timeout = u64::try_from(timeout.as_millis()).unwrap();
    TaskSpec::builder("slot", spec.kind().clone(), timeout)
        .build()
        .unwrap()
}

/// An attempt under way, whose lines can be awaited.
struct Attempt {
    events: Receiver<OutputEvent>,
    cancel: CancellationToken,
    running: JoinHandle<Result<(), TaskError>>,
}

impl Attempt {
    fn start(host: &Host, task: &TaskRef) -> Self {
        Self::start_within(host, task, Duration::MAX)
    }

    /// Starts one as a supervisor does: what is not over after `timeout` is dropped.
    fn start_within(host: &Host, task: &TaskRef, timeout: Duration) -> Self {
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

    fn of(host: &Host, spec: &TaskSpec) -> Self {
        Self::start(host, &host.build(spec))
    }

    /// The next line of output.
    async fn line(&mut self) -> String {
        match tokio::time::timeout(SOON, self.events.recv()).await {
            Ok(Ok(OutputEvent::Chunk(chunk))) => String::from_utf8(chunk.line.to_vec()).unwrap(),
            other => panic!("instead of a line came {other:?}"),
        }
    }

    /// The next line of output as the number of a process.
    async fn pid(&mut self) -> u32 {
        self.line().await.trim().parse().unwrap()
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

/// Waits until a process has ended. Its parent may not have reaped it.
async fn ended(pid: u32) {
    until(&format!("process {pid} ends"), || !runs(pid)).await;
}

/// Waits until a child of this process has been reaped.
async fn reaped(pid: u32) {
    until(&format!("process {pid} is reaped"), || {
        !Path::new(&format!("/proc/{pid}")).exists()
    })
    .await;
}
