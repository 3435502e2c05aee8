#![allow(clippy::unwrap_used, reason = "all of it is tests")]

use super::*;

/// A spec with every field, of each kind.
fn specs() -> Vec<TaskSpec> {
    let kinds = [
        json!({"subprocess": {
            "mode": {"command": {"command": "echo", "args": ["a", ""]}},
            "env": [{"key": "A", "value": "1"}], "cwd": "/tmp", "failOnNonZero": false}}),
        json!({"subprocess": {
            "mode": {"script": {"runtime": "python", "body": "cHJpbnQoMSk="}}, "failOnNonZero": true}}),
        json!({"subprocess": {
            "mode": {"script": {"runtime": {"custom": {"command": "perl", "flag": "-e"}},
                                "body": "cHJpbnQoMSk=", "args": ["x"]}}, "failOnNonZero": true}}),
        json!({"wasm": {"module": "/m.wasm", "args": ["a"], "env": [{"key": "B", "value": "2"}]}}),
        json!({"container": {"image": "busybox", "command": ["sh"], "args": ["-c", "true"]}}),
    ];
    let spec = |kind: Value| {
        let spec = json!({
            "slot": "night", "kind": kind, "timeout": 5000, "admission": "queue",
            "restart": {"type": "always", "intervalMs": 7},
            "backoff": {"firstMs": 1, "maxMs": 9, "factor": 1.5, "jitter": "equal"},
            "runnerSelector": {"matchLabels": {"zone": "eu"}, "matchExpressions": [
                {"key": "gpu", "operator": "In", "values": ["a", "b"]}]},
            "labels": {"team": "ops"},
        });
        serde_json::from_value(spec).unwrap()
    };
    kinds.into_iter().map(spec).collect()
}

#[test]
fn a_spec_is_the_same_after_it_went_to_the_published_line_and_back() {
    for spec in specs() {
        let manifest = manifest_of_spec("n", &Map::new(), &spec).unwrap();
        let task = published::Task::from_manifest(manifest).unwrap();
        let Work::Spec(back) = work_of(&task).unwrap() else {
            panic!("{spec:?}")
        };
        assert_eq!(
            serde_json::to_value(&*back).unwrap(),
            serde_json::to_value(&spec).unwrap()
        );
    }
}

#[test]
fn a_runtime_that_the_published_line_cannot_say_is_refused_and_not_changed() {
    let spec: TaskSpec = serde_json::from_value(json!({
        "slot": "s", "timeout": 1, "restart": {"type": "never"}, "admission": "queue",
        "backoff": BackoffPolicy::default(),
        "kind": {"subprocess": {"failOnNonZero": true, "mode": {"script": {
            "runtime": {"custom": {"command": "sh", "flag": "-ec"}}, "body": "MQ=="}}}},
    }))
    .unwrap();
    let err = manifest_of_spec("n", &Map::new(), &spec).unwrap_err();
    assert_eq!(
        err.to_string(),
        "kind.subprocess.mode.script.runtime: sh with -ec cannot be said in the published line"
    );
}

#[test]
fn a_workload_of_another_kind_keeps_its_spec_and_its_common_fields() {
    let manifest = json!({
        "apiVersion": "solti.io/v1", "kind": "Task",
        "metadata": {"name": "hi", "labels": {"team": "ops"}},
        "spec": {
            "slot": "s", "timeout": 9, "restart": {"type": "onFailure"}, "admission": "replace",
            "backoff": {"firstMs": 1, "maxMs": 9, "factor": 2.0, "jitter": "none"},
            "workload": {"apiVersion": "example.com/v1", "kind": "Greeting", "spec": {"to": "Ada"}},
        },
    });
    let task = published::Task::from_manifest(serde_json::from_value(manifest).unwrap()).unwrap();
    let Work::Workload(workload) = work_of(&task).unwrap() else {
        panic!("{task:?}")
    };
    assert_eq!(workload.kind, "example.com/v1/Greeting");
    assert_eq!(workload.spec, json!({"to": "Ada"}));
    assert_eq!(workload.timeout.as_millis(), 9);
    assert!(matches!(workload.restart, RestartPolicy::OnFailure));
    assert_eq!(workload.labels.get("team"), Some("ops"));
}

#[test]
fn an_embedded_task_is_for_no_plugin() {
    let workload = published::TaskWorkload::Embedded(published::EmbeddedSpec::new("v1").unwrap());
    let spec = published::TaskSpec::builder("s", workload, 1_u64)
        .build()
        .unwrap();
    let task = published::Task::new("n", spec).unwrap();
    assert_eq!(
        work_of(&task).unwrap_err().to_string(),
        "spec.workload.kind: Embedded is not for runners of plugins"
    );
}
