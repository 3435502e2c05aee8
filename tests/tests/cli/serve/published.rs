//! The routes of solti 0.0.8, for its clients.

use serde_json::{Value, json};

use super::Serving;
use crate::{Place, SOON};

const ROOT: &str = "/apis/solti.io/v1/tasks";

fn manifest(name: &str, slot: &str, script: &str, annotations: Value) -> Value {
    json!({
        "apiVersion": "solti.io/v1", "kind": "Task",
        "metadata": { "name": name, "annotations": annotations },
        "spec": {
            "slot": slot, "timeout": 60_000, "restart": { "type": "never" }, "admission": "queue",
            "backoff": { "firstMs": 1, "maxMs": 9, "factor": 2.0, "jitter": "none" },
            "workload": { "apiVersion": "solti.io/v1", "kind": "Subprocess", "spec": {
                "mode": { "command": { "command": "sh", "args": ["-c", script] } },
                "failOnNonZero": true } },
        },
    })
}

#[test]
fn an_echo_is_seen_by_who_asks_for_its_log_late() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    for number in 0..20 {
        let name = format!("e{number}");
        let created = serving.post(ROOT, &manifest(&name, &name, "echo hello", json!({})));
        assert_eq!(created.status, 201, "{}", created.text());
        let uid = created.json()["metadata"]["uid"]
            .as_str()
            .unwrap()
            .to_owned();
        serving.ended(&name);
        let log = serving.client.stream(
            "GET",
            &format!("{ROOT}/{name}/logs?taskUid={uid}"),
            &[],
            b"",
        );
        let chunks: Vec<_> = log.events().map(|(_, _, data)| data).collect();
        let lines: Vec<_> = chunks
            .iter()
            .filter_map(|chunk| chunk["line"].as_str())
            .collect();
        assert_eq!(lines, ["aGVsbG8="], "{chunks:?}");
    }
}

#[test]
fn a_task_that_no_runner_takes_is_refused_and_not_kept() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let mut nope = manifest("n", "n", "true", json!({}));
    nope["spec"]["workload"] =
        json!({ "apiVersion": "example.com/v1", "kind": "Greeting", "spec": {} });
    let answer = serving.post(ROOT, &nope);
    assert_eq!(answer.status, 400);
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains("no runner for example.com/v1/Greeting tasks"),
        "{message}"
    );
    assert_eq!(serving.get(&format!("{ROOT}/n")).status, 404);
    let wrong = manifest(
        "n",
        "n",
        "true",
        json!({ "solti-host/on-interrupt": "cry" }),
    );
    let answer = serving.post(ROOT, &wrong);
    assert!(
        answer.text().contains("expected rerun or fail"),
        "{}",
        answer.text()
    );
}

#[test]
fn a_task_is_changed_while_it_runs_and_is_there_after_a_restart() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let put = |serving: &Serving, script: &str| {
        let body = manifest("a", "a", script, json!({})).to_string();
        serving
            .client
            .send("PUT", &format!("{ROOT}/a"), &[], body.as_bytes())
    };
    assert_eq!(put(&serving, "echo first; sleep 60").status, 200);
    serving.until("a", |task| task["phase"] == "running");
    let changed = put(&serving, "echo second");
    assert_eq!(
        changed.json()["metadata"]["generation"],
        2,
        "{}",
        changed.text()
    );
    let task = serving.ended("a");
    assert_eq!(task["phase"], "succeeded", "{task:#}");
    let output = serving.get("/v1/tasks/a/output").text();
    assert!(output.ends_with("second\n"), "{output}");
    assert_eq!(serving.terminate().0, Some(0));
    let serving = Serving::start(&place, &[]);
    let stored = serving.get(&format!("{ROOT}/a")).json();
    assert_eq!(stored["status"]["phase"], "succeeded", "{stored:#}");
    assert_eq!(serving.get("/v1/tasks/a/output").text(), output);
    // Another of this name is one that ended: it runs again where it is changed.
    assert_eq!(put(&serving, "echo third").status, 200);
    let began = std::time::Instant::now();
    while !serving
        .get("/v1/tasks/a/output")
        .text()
        .ends_with("third\n")
    {
        assert!(began.elapsed() < SOON);
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    serving.ended("a");
    let deleted = serving
        .client
        .send("DELETE", &format!("{ROOT}/a"), &[], b"");
    assert_eq!(deleted.status, 204, "{}", deleted.text());
    assert_eq!(serving.get("/v1/tasks/a").status, 404);
}
