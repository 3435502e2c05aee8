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

#[test]
fn a_list_has_all_tasks_that_have_ended_page_by_page() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let ends: std::collections::BTreeSet<_> =
        (0..30).map(|number| format!("e{number:02}")).collect();
    for name in &ends {
        let script = if name.ends_with('5') {
            "exit 1"
        } else {
            "true"
        };
        serving.post(ROOT, &manifest(name, name, script, json!({})));
    }
    for name in &ends {
        serving.ended(name);
    }
    assert_eq!(serving.terminate().0, Some(0));
    // The next service knows them from its store alone, and some of its own between.
    let serving = Serving::start(&place, &[]);
    for name in ["e10-later", "e99"] {
        serving.post(ROOT, &manifest(name, name, "true", json!({})));
        serving.ended(name);
    }
    let walk = |filter: &str| {
        let (mut names, mut token) = (Vec::new(), String::new());
        loop {
            let page = serving
                .get(&format!("{ROOT}?limit=7{filter}{token}"))
                .json();
            let items = page["items"]
                .as_array()
                .unwrap_or_else(|| panic!("{page:#}"));
            assert!(items.len() <= 7);
            names.extend(
                items
                    .iter()
                    .map(|it| it["metadata"]["name"].as_str().unwrap().to_owned()),
            );
            match page["metadata"]["continue"].as_str() {
                Some(next) if !next.is_empty() => token = format!("&continue={next}"),
                _ => return names,
            }
        }
    };
    let mut all = ends.clone();
    all.extend(["e10-later", "e99"].map(str::to_owned));
    assert_eq!(walk(""), all.into_iter().collect::<Vec<_>>());
    assert_eq!(walk("&phase=failed"), ["e05", "e15", "e25"]);
    assert_eq!(walk("&slot=e07"), ["e07"]);
    assert_eq!(walk("&phase=running"), Vec::<String>::new());
}
