//! What the published router documents: by workload and selector, the first that was registered.

use serde_json::json;
use solti_plugin_bridge::published::model::Task;
use solti_plugin_bridge::published::runner::{RouterError, RunnerRouter};
use solti_plugin_bridge::{Bridge, load_dir};
use solti_plugin_host::PluginLoader;

use super::{manifest, plugins, router_of, shell};

fn task(more: serde_json::Value) -> Task {
    Task::from_manifest(manifest("n", &shell("true"), more)).unwrap()
}

/// The name of the runner that takes a task.
fn picked(router: &RunnerRouter, task: &Task) -> Option<String> {
    router
        .pick(task)
        .ok()
        .map(|runner| runner.name().to_owned())
}

#[test]
fn a_workload_goes_to_the_runner_that_declares_it_and_others_to_none() {
    let router = router_of(&plugins(&["subprocess", "wasm"], &[]));
    let wasm =
        json!({ "apiVersion": "solti.io/v1", "kind": "Wasm", "spec": { "module": "/m.wasm" } });
    let wasm = Task::from_manifest(manifest("n", &wasm, json!({}))).unwrap();
    assert_eq!(
        picked(&router, &task(json!({}))).as_deref(),
        Some("subprocess")
    );
    assert_eq!(picked(&router, &wasm).as_deref(), Some("wasm"));
    let other = json!({ "apiVersion": "example.com/v1", "kind": "Other", "spec": {} });
    let other = Task::from_manifest(manifest("n", &other, json!({}))).unwrap();
    assert_eq!(picked(&router, &other), None);
}

#[test]
fn a_selector_chooses_by_the_labels_of_the_sidecar_and_the_first_wins_without_one() {
    let directory = plugins(
        &["subprocess"],
        &[("subprocess", "[labels]\nzone = \"eu\"\n")],
    );
    e2e::install("subprocess", directory.path(), "z-second");
    let sidecar = "name = \"second\"\n[labels]\nzone = \"us\"\n";
    std::fs::write(directory.path().join("z-second.toml"), sidecar).unwrap();
    let mut router = RunnerRouter::new();
    let bridged = load_dir(directory.path(), &mut router).unwrap();
    let names: Vec<_> = bridged.runners.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["subprocess", "second.subprocess"]);
    let of = |zone: &str| {
        let selector = json!({ "runnerSelector": { "matchLabels": { "zone": zone } } });
        picked(&router, &task(selector))
    };
    assert_eq!(of("eu").as_deref(), Some("subprocess"));
    assert_eq!(of("us").as_deref(), Some("second.subprocess"));
    assert_eq!(of("mars"), None);
    assert_eq!(
        picked(&router, &task(json!({}))).as_deref(),
        Some("subprocess")
    );
}

#[test]
fn what_a_control_plane_is_told_are_the_runners_with_their_labels_and_workloads() {
    let directory = plugins(
        &["subprocess"],
        &[("subprocess", "[labels]\nzone = \"eu\"\n")],
    );
    let capabilities = serde_json::to_value(router_of(&directory).capabilities()).unwrap();
    let text = capabilities.to_string();
    for expected in [
        "\"subprocess\"",
        "\"zone\":\"eu\"",
        "\"solti.io/v1\"",
        "\"Subprocess\"",
    ] {
        assert!(text.contains(expected), "no {expected} in {capabilities:#}");
    }
}

#[test]
fn a_runner_of_composites_is_registered_once() {
    let directory = plugins(&["subprocess"], &[]);
    let mut router = RunnerRouter::new();
    let bridge = Bridge::new(PluginLoader::new()).with_composites();
    bridge.load_dir(directory.path(), &mut router).unwrap();
    let again = bridge.load_dir(directory.path(), &mut router).unwrap_err();
    assert!(
        matches!(
            again,
            solti_plugin_bridge::BridgeError::Router(RouterError::DuplicateRunner { .. })
        ),
        "{again}"
    );
}
