//! Plugins as runners of the published lines: what those document of routing and supervision holds over a
//! real shared library.

#![allow(clippy::unwrap_used, reason = "all of it is tests")]

mod contract;
mod discover;
mod first_line;
mod routing;
mod supervision;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use solti_core::{StateConfig, SupervisorApi};
use solti_plugin_bridge::published::model::{Task, TaskId, TaskManifest};
use solti_plugin_bridge::published::runner::RunnerRouter;
use solti_plugin_bridge::{Bridge, load_dir};
use solti_plugin_host::PluginLoader;
use tempfile::TempDir;

/// How long a task may take.
const SOON: Duration = Duration::from_secs(60);

/// A directory with the plugins of these packages, and these sidecars.
fn plugins(packages: &[&str], sidecars: &[(&str, &str)]) -> TempDir {
    // What the tests write must not be open to others, or it is refused for that.
    rustix::process::umask(rustix::fs::Mode::from(0o022));
    let directory = tempfile::tempdir().unwrap();
    for package in packages {
        e2e::install(package, directory.path(), package);
    }
    for (name, text) in sidecars {
        std::fs::write(directory.path().join(format!("{name}.toml")), text).unwrap();
    }
    directory
}

/// A published router with the runners of a directory.
fn router_of(directory: &TempDir) -> RunnerRouter {
    let mut router = RunnerRouter::new();
    let bridged = load_dir(directory.path(), &mut router).unwrap();
    assert!(bridged.report.rejected().is_empty(), "{}", bridged.report);
    router
}

/// A manifest of the published line with this workload, and these fields in its spec.
fn manifest(name: &str, workload: &Value, more: Value) -> TaskManifest {
    let mut spec = json!({
        "slot": name, "timeout": 60_000, "restart": { "type": "never" }, "admission": "queue",
        "backoff": { "firstMs": 1, "maxMs": 9, "factor": 2.0, "jitter": "none" },
        "workload": workload,
    });
    for (field, value) in more.as_object().unwrap() {
        spec[field] = value.clone();
    }
    serde_json::from_value(json!({
        "apiVersion": "solti.io/v1", "kind": "Task", "metadata": { "name": name }, "spec": spec,
    }))
    .unwrap()
}

/// A workload that runs a script of the shell's.
fn shell(script: &str) -> Value {
    json!({ "apiVersion": "solti.io/v1", "kind": "Subprocess", "spec": {
        "mode": { "command": { "command": "sh", "args": ["-c", script] } }, "failOnNonZero": true } })
}

/// The published supervisor over the subprocess plugin.
struct Supervised {
    api: SupervisorApi,
    directory: TempDir,
}

impl Supervised {
    async fn start() -> Self {
        let directory = plugins(&["subprocess"], &[]);
        let mut router = RunnerRouter::new();
        let bridge = Bridge::new(PluginLoader::new()).with_composites();
        bridge.load_dir(directory.path(), &mut router).unwrap();
        let api = SupervisorApi::builder(router)
            .with_state_config(StateConfig::new())
            .start()
            .await
            .unwrap();
        Self { api, directory }
    }

    fn get(&self, name: &str) -> Task {
        self.api.get_task(&TaskId::new(name).unwrap()).unwrap()
    }

    /// Waits until a task is as it is to be.
    async fn until(&self, name: &str, is: impl Fn(&Task) -> bool) -> Task {
        let began = Instant::now();
        loop {
            let task = self.get(name);
            if is(&task) {
                return task;
            }
            assert!(began.elapsed() < SOON, "{task:#?}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Waits for the end of a task, and returns its phase.
    async fn phase_at_end(&self, name: &str) -> String {
        let task = self.until(name, |task| task.phase().is_terminal()).await;
        task.phase().to_string()
    }
}
