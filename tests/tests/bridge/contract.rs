//! What the bridge and the service rely on of the pinned crates: a test that fails here says what the next
//! release of them breaks.

use serde_json::{Value, json};
use solti_plugin_bridge::published::model::{Task, TaskManifest};
use solti_plugin_bridge::{Work, manifest_of_spec, work_of};

use super::{Supervised, manifest, shell};

/// One workload of each kind, with all of its fields.
fn workloads() -> [Value; 5] {
    let of = |kind: &str, spec: Value| json!({ "apiVersion": "solti.io/v1", "kind": kind, "spec": spec });
    let env = json!([{ "key": "A", "value": "1" }]);
    [
        of(
            "Subprocess",
            json!({
            "mode": { "command": { "command": "echo", "args": ["a", ""] } }, "env": env, "cwd": "/tmp",
            "failOnNonZero": false }),
        ),
        of(
            "Subprocess",
            json!({
            "mode": { "script": { "interpreter": "bash", "body": "ZWNobwo=", "args": ["x"] } },
            "failOnNonZero": true }),
        ),
        of(
            "Wasm",
            json!({ "module": "/m.wasm", "args": ["a"], "env": env }),
        ),
        of(
            "Container",
            json!({
            "image": "busybox", "command": ["sh"], "args": ["-c", "true"], "env": env }),
        ),
        json!({ "apiVersion": "example.com/v1", "kind": "Greeting", "spec": { "to": ["a", { "b": 1 }] } }),
    ]
}

#[test]
fn the_json_of_every_workload_is_read_and_written_as_it_is() {
    for workload in workloads() {
        let more = json!({
            "runnerSelector": { "matchLabels": { "zone": "eu" } }, "maxRetries": 3,
            "restart": { "type": "always", "intervalMs": 7 },
        });
        let manifest = manifest("n", &workload, more);
        let json = serde_json::to_value(&manifest).unwrap();
        let found = &json["spec"]["workload"];
        for (field, value) in workload["spec"].as_object().unwrap() {
            assert_eq!(&found["spec"][field], value, "{found:#}");
        }
        assert_eq!(found["kind"], workload["kind"]);
        assert_eq!(
            json["spec"]["restart"],
            json!({ "type": "always", "intervalMs": 7 })
        );
        let again: TaskManifest = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(serde_json::to_value(&again).unwrap(), json);
        let task = Task::from_manifest(again).unwrap();
        // What has a form for plugins has the same form on the way back.
        if let Work::Spec(spec) = work_of(&task).unwrap() {
            let back = manifest_of_spec("n", &serde_json::Map::new(), &spec).unwrap();
            let back = serde_json::to_value(back).unwrap();
            assert_eq!(back["spec"]["workload"], json["spec"]["workload"]);
        }
    }
}

#[test]
fn what_the_published_model_refuses_is_refused_still() {
    let good = serde_json::to_value(manifest("n", &shell("true"), json!({}))).unwrap();
    let with = |path: &[&str], value: Value| {
        let mut bad = good.clone();
        let mut at = &mut bad;
        for field in path {
            at = &mut at[*field];
        }
        *at = value;
        bad
    };
    let is_taken = |json: &Value| {
        serde_json::from_value::<TaskManifest>(json.clone())
            .is_ok_and(|manifest| Task::from_manifest(manifest).is_ok())
    };
    assert!(is_taken(&good));
    for (what, bad) in [
        ("an unknown field", with(&["spec", "typo"], json!(1))),
        ("no name", with(&["metadata", "name"], json!(""))),
        (
            "a name with a space",
            with(&["metadata", "name"], json!("a b")),
        ),
        ("an empty slot", with(&["spec", "slot"], json!(""))),
        ("no time", with(&["spec", "timeout"], json!(0))),
        (
            "another version",
            with(&["apiVersion"], json!("solti.io/v2")),
        ),
    ] {
        assert!(!is_taken(&bad), "{what} is taken: {bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_phases_and_the_uid_are_what_the_service_writes_down() {
    let it = Supervised::start().await;
    let created = it
        .api
        .create_task(manifest("n", &shell("true"), json!({})))
        .await
        .unwrap();
    assert_eq!(created.metadata().generation(), 1);
    assert!(!created.uid().as_str().is_empty());
    let task = it.until("n", |task| task.phase().is_terminal()).await;
    let json = serde_json::to_value(&task).unwrap();
    assert_eq!(json["status"]["phase"], "succeeded", "{json:#}");
    for field in ["observedGeneration", "attempt", "conditions"] {
        assert!(
            json["status"].get(field).is_some(),
            "no {field} in {json:#}"
        );
    }
    // What is refused at once says so without a task.
    let again = it
        .api
        .create_task(manifest("n", &shell("true"), json!({})))
        .await;
    assert!(again.unwrap_err().to_string().contains('n'));
    it.api.shutdown().await.unwrap();
}
