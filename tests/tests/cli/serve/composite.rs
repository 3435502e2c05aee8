//! Workloads that are made of others: chains, and those of a calendar.

use std::time::Instant;

use serde_json::{Value, json};

use super::Serving;
use crate::{Place, SOON};

const ROOT: &str = "/apis/solti.io/v1/tasks";

/// A time-out that no test reaches.
const LONG: u64 = 1 << 40;

fn manifest(name: &str, timeout: u64, version: &str, kind: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "solti.io/v1", "kind": "Task", "metadata": { "name": name },
        "spec": {
            "slot": name, "timeout": timeout, "restart": { "type": "never" }, "admission": "queue",
            "backoff": { "firstMs": 1, "maxMs": 9, "factor": 2.0, "jitter": "none" },
            "workload": { "apiVersion": version, "kind": kind, "spec": spec },
        },
    })
}

fn script(script: &str) -> Value {
    json!({ "apiVersion": "solti.io/v1", "kind": "Subprocess", "spec": {
        "mode": { "command": { "command": "sh", "args": ["-c", script] } }, "failOnNonZero": true } })
}

fn chain(name: &str, steps: &Value) -> Value {
    let spec = json!({ "entry": "a", "steps": steps });
    manifest(name, 60_000, "chain.solti.io/v1alpha1", "Chain", &spec)
}

fn cron(name: &str, timeout: u64, schedule: &str, script: Value) -> Value {
    let spec = json!({ "schedule": schedule, "workload": script, "timeoutMs": 5_000 });
    manifest(name, timeout, "cron.solti-host/v1alpha1", "Cron", &spec)
}

fn submit(serving: &Serving, manifest: &Value) {
    let created = serving.post(ROOT, manifest);
    assert_eq!(created.status, 201, "{}", created.text());
}

#[test]
fn the_steps_of_a_chain_run_in_their_order_and_their_output_is_one() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let ends = |phase: &str, exit_code: Value, mode: &str| {
        let name = format!("c-{mode}");
        let steps = json!([
            { "name": "a", "workload": script("seq 3"), "onSuccess": "b" },
            { "name": "b", "workload": script("echo broken >&2; exit 7"),
              "onFailure": { "next": "c", "mode": mode } },
            { "name": "c", "workload": script("echo mended") },
        ]);
        submit(&serving, &chain(&name, &steps));
        let task = serving.ended(&name);
        assert_eq!(task["phase"], phase, "{task:#}");
        assert_eq!(task["exitCode"], exit_code, "{task:#}");
        let output = serving.get(&format!("/v1/tasks/{name}/output?stream=stdout"));
        assert_eq!(
            output.text(),
            "[chain] step=a state=started\n1\n2\n3\n[chain] step=a state=succeeded\n\
             [chain] step=b state=started\n[chain] step=c state=started\nmended\n\
             [chain] step=c state=succeeded\n"
        );
        let errors = serving.get(&format!("/v1/tasks/{name}/output?stream=stderr"));
        assert_eq!(errors.text(), "broken\n[chain] step=b state=failed\n");
    };
    ends("failed", json!(7), "preserve");
    ends("succeeded", Value::Null, "recover");
}

#[test]
fn a_chain_that_is_cancelled_ends_its_step_and_begins_no_other() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let steps = json!([
        { "name": "a", "workload": script("echo begun; exec sleep 60"), "onSuccess": "b",
          "onFailure": { "next": "b" } },
        { "name": "b", "workload": script("echo wrong") },
    ]);
    submit(&serving, &chain("c", &steps));
    let output = || serving.get("/v1/tasks/c/output").text();
    let began = Instant::now();
    while !output().contains("begun") {
        assert!(began.elapsed() < SOON, "{}", output());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(serving.post("/v1/tasks/c/cancel", &json!({})).status, 200);
    assert_eq!(serving.ended("c")["phase"], "canceled");
    assert!(
        output().ends_with("[chain] step=a state=canceled\n"),
        "{}",
        output()
    );
}

#[test]
fn what_is_wrong_with_a_composite_is_said_at_once() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let said = |manifest: &Value| {
        let answer = serving.post(ROOT, manifest);
        assert_eq!(answer.status, 400, "{}", answer.text());
        answer.json()["message"].as_str().unwrap().to_owned()
    };
    let unknown =
        json!({ "apiVersion": "solti.io/v1", "kind": "Wasm", "spec": { "module": "/m" } });
    let steps = json!([
        { "name": "a", "workload": script("true"), "onSuccess": "b" },
        { "name": "b", "workload": unknown },
    ]);
    let text = said(&chain("c", &steps));
    assert!(text.contains("no runner for wasm tasks"), "{text}");
    let lost = json!([{ "name": "a", "workload": script("true"), "onSuccess": "z" }]);
    let text = said(&chain("c", &lost));
    assert!(
        text.contains("spec.workload.spec: ") && text.contains('z'),
        "{text}"
    );
    let text = said(&cron("c", LONG, "61 * * * *", script("true")));
    assert!(text.contains("spec.workload.spec.schedule: "), "{text}");
    let text = said(&cron("c", 60_000, "* * * * *", script("true")));
    assert!(
        text.contains("spec.timeout: is 60000, which is the time for all runs together"),
        "{text}"
    );
    assert_eq!(serving.get("/v1/tasks").json()["tasks"], json!([]));
}

#[test]
fn a_calendar_runs_its_task_again_and_again_and_goes_on_after_a_kill() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    // Every other run fails.
    let counter = place.directory.path().join("count");
    let body = format!(
        "echo x >> {0}; n=$(wc -l < {0}); echo run $n; [ $((n % 2)) = 1 ]",
        counter.display()
    );
    submit(&serving, &cron("tick", LONG, "* * * * * *", script(&body)));
    let task = serving.until("tick", |task| {
        let runs = task["runs"].as_array().map_or(0, Vec::len);
        runs >= 2 && task["phase"] == "waiting"
    });
    assert_eq!(task["runs"][0]["phase"], "succeeded", "{task:#}");
    assert_eq!(task["runs"][1]["phase"], "failed", "{task:#}");
    assert_eq!(task["runs"][1]["exitCode"], 1, "{task:#}");
    assert_eq!(task["onInterrupt"], "rerun");
    // Its output is kept a moment later: the task goes on.
    let second = || serving.get("/v1/tasks/tick/output?attempt=2").text();
    let began = Instant::now();
    while second() != "run 2\n" {
        assert!(began.elapsed() < SOON, "{}", second());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let before = task["runs"].as_array().unwrap().len();
    serving.kill();

    let serving = Serving::start(&place, &[]);
    let task = serving.until("tick", |task| {
        task["runs"].as_array().map_or(0, Vec::len) > before && task["phase"] == "waiting"
    });
    assert_eq!(task["interruptions"][0]["then"], "rerun", "{task:#}");
    assert_eq!(
        serving.post("/v1/tasks/tick/cancel", &json!({})).status,
        200
    );
    let task = serving.ended("tick");
    assert_eq!(task["phase"], "canceled", "{task:#}");
}
