//! Which host takes which task.

use std::fs;

use serde_json::json;

use super::Fleet;
use crate::Place;

/// A task for a runner with a label.
fn labelled(name: &str, site: &str) -> serde_json::Value {
    json!({
        "name": name, "slot": name, "timeout": 60_000,
        "kind": { "subprocess": { "mode": { "command": { "command": "true" } } } },
        "runnerSelector": { "matchLabels": { "site": site } },
    })
}

/// A place whose plugin has a label.
fn at(site: &str) -> Place {
    let place = Place::with(&["subprocess"]);
    let sidecar = place.plugins().join("subprocess.toml");
    fs::write(sidecar, format!("[labels]\nsite = \"{site}\"\n")).unwrap();
    place
}

#[test]
fn a_selector_that_one_host_fits_waits_for_that_host_and_says_why_until_it_joins() {
    let Some(fleet) = Fleet::with(&["--unclaimed", "1s"]) else {
        return;
    };
    let (north, south) = (at("north"), at("south"));
    let _north = fleet.host(&north, &["--queue-name", "north"]);
    let specs = [labelled("a", "north"), labelled("b", "south")];
    let specs = north.file("specs.json", json!(specs));
    fleet.done(&["submit", &specs]);
    let a = fleet.until("a", |task| task["phase"] == "succeeded");
    assert!(a["host"].as_str().unwrap().starts_with("north-"), "{a:#}");
    let b = fleet.until("b", |task| !task["error"].is_null());
    assert_eq!(b["phase"], "queued");
    assert_eq!(
        b["error"],
        "no host has a runner for subprocess tasks whose labels match \
         {\"matchLabels\":{\"site\":\"south\"}}"
    );
    let _south = fleet.host(&south, &["--queue-name", "south"]);
    let b = fleet.until("b", |task| task["phase"] == "succeeded");
    assert!(b["host"].as_str().unwrap().starts_with("south-"), "{b:#}");
}

#[test]
fn a_plugin_that_is_retired_while_its_tasks_wait_leaves_them_to_others_or_to_its_return() {
    let Some(fleet) = Fleet::with(&[]) else {
        return;
    };
    let place = Place::with(&["subprocess"]);
    let host = fleet.host(&place, &["--jobs", "1"]);
    let submit = |name: &str| fleet.done(&["submit", "--name", name, "--", "true"]);
    submit("before");
    fleet.until("before", |task| task["phase"] == "succeeded");
    let change = |what: &str| {
        let path = format!("/v1/plugins/subprocess/{what}");
        let answer = host.post(&path, &json!({}));
        assert!(answer.status < 300, "{}", answer.text());
    };
    change("retire");
    fleet.until_status(|status| status["hosts"][0]["runners"] == json!([]));
    submit("while");
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(fleet.task("while")["phase"], "queued");
    change("reinstate");
    fleet.until("while", |task| task["phase"] == "succeeded");
}

#[test]
fn a_kind_that_no_host_has_is_told_with_those_that_there_are() {
    let Some(fleet) = Fleet::with(&["--unclaimed", "1s"]) else {
        return;
    };
    let place = Place::with(&["subprocess"]);
    let _host = fleet.host(&place, &[]);
    let spec = json!({
        "name": "check", "slot": "check", "timeout": 60_000,
        "kind": { "wasm": { "module": "/m.wasm" } },
    });
    let specs = place.file("specs.json", spec);
    fleet.done(&["submit", &specs]);
    let check = fleet.until("check", |task| !task["error"].is_null());
    assert_eq!(
        check["error"],
        "no host has a plugin for wasm tasks; they take subprocess"
    );
}
