//! What a runner is told of a task that another host has begun before.

use serde_json::{Value, json};

use super::Fleet;
use crate::Place;

#[test]
fn a_runner_is_told_how_often_its_task_was_delivered() {
    let Some(fleet) = Fleet::with(&["--lease", "1s"]) else {
        return;
    };
    let place = Place::with(&["modern"]);
    let spec = |name: &str, command: &str| {
        json!({
            "name": name, "slot": "one", "timeout": 600_000, "admission": "queue",
            "kind": { "subprocess": { "mode": { "command": { "command": command } } } },
        })
    };
    // The second one waits for the first one's slot, wherever it is.
    let specs = place.file("specs.json", json!([spec("held", "wait")]));
    fleet.done(&["submit", &specs]);
    let host = fleet.host(&place, &["--jobs", "2"]);
    fleet.until("held", |task| task["phase"] == "running");
    let specs = place.file("specs.json", json!([spec("told", "metadata")]));
    fleet.done(&["submit", &specs]);
    fleet.until("told", |task| task["attempts"] == 1);
    host.kill();
    fleet.done(&["cancel", "held"]);
    let _host = fleet.host(&place, &["--jobs", "2"]);
    let told = fleet.until("told", |task| task["phase"] == "succeeded");
    assert_eq!(told["attempts"], 2, "{told:#}");
    let metadata: Value = serde_json::from_str(&fleet.done(&["logs", "told"])).unwrap();
    assert_eq!(metadata["delivery"], 2, "{metadata:#}");
    assert_eq!(metadata["name"], "told", "{metadata:#}");
}

#[test]
fn a_task_of_a_host_that_is_stopped_waits_again_for_who_asks_and_runs_on_the_next_one() {
    let Some(fleet) = Fleet::with(&["--unclaimed", "1s"]) else {
        return;
    };
    let place = Place::with(&["subprocess"]);
    let flag = place.file("flag", "");
    let script = format!("if [ -e {flag} ]; then sleep 600; fi; echo again");
    let host = fleet.host(&place, &["--queue-name", "north"]);
    fleet.done(&["submit", "--name", "moved", "--", "sh", "-c", &script]);
    fleet.until("moved", |task| task["phase"] == "running");
    let running = |status: &Value| status["hosts"][0]["running"].clone();
    fleet.until_status(|status| running(status) == 1);
    let (code, stderr) = host.terminate();
    assert_eq!(code, Some(0), "{stderr}");
    let waits = fleet.until("moved", |task| !task["error"].is_null());
    assert_eq!(waits["phase"], "queued", "{waits:#}");
    assert_eq!(waits["attempts"], 1, "{waits:#}");
    assert_eq!(
        waits["error"], "no host takes tasks of this queue",
        "{waits:#}"
    );
    std::fs::remove_file(flag).unwrap();
    let _host = fleet.host(&place, &["--queue-name", "south"]);
    let moved = fleet.until("moved", |task| task["phase"] == "succeeded");
    assert!(
        moved["host"].as_str().unwrap().starts_with("south-"),
        "{moved:#}"
    );
    assert_eq!(fleet.done(&["logs", "moved"]), "again\n");
}
