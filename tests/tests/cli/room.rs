//! What the machine has too little of loses no task.

use std::process::Command;

use serde_json::{Value, json};

use crate::{Ended, Place, command, end, shell};

/// The program with these words under a limit on open files, soft and hard.
fn limited(place: &Place, limits: &str, words: &[&str]) -> Ended {
    let mut command = Command::new("prlimit");
    command
        .arg(format!("--nofile={limits}"))
        .arg(e2e::solti_host())
        .args(["run", "--plugins"])
        .arg(place.plugins())
        .args(words)
        .env_remove("RUST_LOG");
    end(&mut command)
}

#[test]
fn more_tasks_than_there_are_descriptors_for_all_run() {
    let place = Place::with(&["subprocess"]);
    let specs: Vec<_> = (0..400)
        .map(|slot| shell(&format!("s{slot}"), "sleep 0.1; echo done"))
        .collect();
    let file = place.file("specs.json", json!(specs));
    let ended = limited(&place, "200:200", &[&file]);
    assert!(
        ended
            .stderr
            .starts_with("warning: the limit on open files (200) has room for "),
        "{:.500}",
        ended.stderr
    );
    assert!(
        ended.stderr.ends_with("\n400 tasks: 400 succeeded\n"),
        "{}",
        ended.stderr.lines().last().unwrap()
    );
    assert_eq!(ended.stdout.lines().count(), 400);
}

#[test]
fn the_program_has_the_highest_limit_and_what_it_starts_the_one_it_was_given() {
    let place = Place::with(&["subprocess"]);
    // What has begun is given its limit back a moment later.
    let specs = json!([shell(
        "own",
        "sleep 0.3; ulimit -Sn; ulimit -Hn; grep 'open files' /proc/$PPID/limits"
    )]);
    let file = place.file("specs.json", specs);
    let ended = limited(&place, "300:700", &[&file]);
    let lines: Vec<_> = ended
        .stdout
        .lines()
        .map(|line| line.replace("own │ ", ""))
        .collect();
    assert_eq!(lines[..2], ["300", "700"]);
    let of_host: Vec<_> = lines[2].split_whitespace().collect();
    assert_eq!(of_host[3..5], ["700", "700"], "{lines:?}");
}

#[test]
fn a_program_that_is_being_written_is_waited_for_or_may_be_tried_again() {
    let place = Place::with(&["subprocess"]);
    let program = place.directory.path().join("program");
    std::fs::copy("/bin/true", &program).unwrap();
    let writer = std::fs::OpenOptions::new()
        .append(true)
        .open(&program)
        .unwrap();
    let retried = |spec: Value| {
        crate::with(
            spec,
            json!({ "restart": { "type": "onFailure" }, "backoff": { "firstMs": 10 } }),
        )
    };
    let spec = retried(command("a", program.to_str().unwrap(), &[]));
    // For longer than an attempt waits by itself.
    let (_, summary) = place.run_json(&json!([spec.clone()]), &["--retries", "1"]);
    let task = &summary["tasks"][0];
    assert_eq!(task["attempts"], 2, "{task}");
    let reason = task["reason"].as_str().unwrap();
    assert!(reason.contains("Text file busy (os error 26)"), "{reason}");
    drop(writer);
    let (_, summary) = place.run_json(&json!([spec]), &[]);
    assert_eq!(summary["tasks"][0]["outcome"], "success");
}
