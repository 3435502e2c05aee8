//! Machines whose clocks differ.

use serde_json::Value;

use super::Fleet;
use crate::Place;
use crate::serve::{Serving, state_of};

/// What has a program take the time from its environment, where it is installed.
fn fake_time() -> Option<String> {
    let output = std::process::Command::new("faketime")
        .args(["-f", "+1h", "printenv", "LD_PRELOAD"])
        .output();
    let Ok(output) = output else {
        e2e::skip("faketime is not installed (Debian: faketime)");
        return None;
    };
    let file = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && !file.is_empty(), "{file}");
    Some(file.trim().to_owned())
}

/// A host whose clock is off by so much.
fn host(fleet: &Fleet, place: &Place, library: &str, off: &str, name: &str) -> Serving {
    let url = fleet.url();
    let words = ["--queue", &url, "--queue-name", name, "--jobs", "4"];
    let mut command = place.command("serve", &words);
    command
        .arg("--state")
        .arg(state_of(place))
        .env("LD_PRELOAD", library)
        .env("FAKETIME", off)
        // Of the time since the machine was started, as that of another machine is.
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    Serving::start_by(place, &mut command)
}

#[test]
fn hosts_whose_clocks_are_two_hours_apart_share_a_queue_and_its_leases() {
    let Some(library) = fake_time() else { return };
    let Some(fleet) = Fleet::with(&["--lease", "6s"]) else {
        return;
    };
    let places = [Place::with(&["subprocess"]), Place::with(&["subprocess"])];
    let ahead = host(&fleet, &places[0], &library, "+1h", "ahead");
    let behind = host(&fleet, &places[1], &library, "-1h", "behind");
    let status = fleet.status();
    let hosts = status["hosts"].as_array().unwrap().iter();
    let mut names: Vec<_> = hosts.map(|host| host["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["ahead", "behind"], "{status:#}");

    let submit = |prefix: &str| {
        for number in 0..8 {
            let name = format!("{prefix}-{number}");
            let script = "sleep 8; echo done";
            fleet.done(&["submit", "--name", &name, "--", "sh", "-c", script]);
        }
    };
    let ended = |prefix: &str| -> Vec<Value> {
        let has_ended = |task: &Value| task["ended"].is_string();
        let names = (0..8).map(|number| format!("{prefix}-{number}"));
        names.map(|name| fleet.until(&name, has_ended)).collect()
    };
    submit("long");
    for task in ended("long") {
        let name = task["name"].as_str().unwrap();
        assert_eq!(task["phase"], "succeeded", "{task:#}");
        // Longer than a lease, and held by one host.
        assert_eq!(task["runs"][0]["attempt"], 1, "{task:#}");
        assert_eq!(fleet.done(&["logs", name]), "done\n");
    }

    submit("left");
    fleet.until_status(|status| status["tasks"][0]["running"] == 8);
    ahead.kill();
    let mut again = 0;
    for task in ended("left") {
        assert_eq!(task["phase"], "succeeded", "{task:#}");
        let host = task["host"].as_str().unwrap();
        assert!(host.starts_with("behind-"), "{task:#}");
        again += usize::from(task["runs"][0]["attempt"] != 1);
    }
    assert_eq!(again, 4);
    drop(behind);
}
