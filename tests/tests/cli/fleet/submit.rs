//! Tasks go into the queue and come out of it with their output.

use serde_json::json;

use super::Fleet;
use crate::Place;

#[test]
fn a_command_runs_on_a_host_of_the_queue_and_ends_the_program_as_it_ends_itself() {
    let Some(fleet) = Fleet::with(&[]) else {
        return;
    };
    let place = Place::with(&["subprocess"]);
    let _host = fleet.host(&place, &["--queue-name", "one"]);
    let words = ["submit", "--follow", "--name", "greeting", "--", "sh", "-c"];
    let script = "echo out; echo err >&2; exit 3";
    let (code, stdout, stderr) = fleet.said(&[&words[..], &[script]].concat());
    assert_eq!((code, &*stdout), (3, "out\n"), "{stderr}");
    assert!(stderr.starts_with("greeting\n"), "{stderr}");
    assert!(stderr.contains("err\n"), "{stderr}");
    assert!(
        stderr.ends_with("error: greeting: failed: process exited with non-zero code: 3\n"),
        "{stderr}"
    );

    let task = fleet.task("greeting");
    assert_eq!(task["phase"], "failed", "{task:#}");
    assert_eq!(
        (&task["exitCode"], &task["attempts"]),
        (&json!(3), &json!(1))
    );
    assert!(
        task["host"].as_str().unwrap().starts_with("one-"),
        "{task:#}"
    );
    assert_eq!(task["plugins"], json!(["subprocess"]));
    let (code, stdout, stderr) = fleet.said(&["logs", "greeting"]);
    assert_eq!((code, &*stdout, &*stderr), (0, "out\n", "err\n"));
    assert_eq!(
        fleet.done(&["logs", "greeting", "--stream", "stdout"]),
        "out\n"
    );
    let table = fleet.done(&["tasks"]);
    assert!(
        table.contains("greeting") && table.contains("failed"),
        "{table}"
    );

    // Nothing is left in the queue.
    let status = fleet.status();
    assert_eq!(status["tasks"][0]["waiting"], 0, "{status:#}");
    assert_eq!(status["tasks"][0]["running"], 0, "{status:#}");
    assert_eq!(status["hosts"][0]["name"], "one");
}

#[test]
fn the_same_request_is_one_task_and_another_may_not_have_its_name() {
    let Some(fleet) = Fleet::with(&[]) else {
        return;
    };
    let place = Place::with(&["subprocess"]);
    let submit = ["submit", "--name", "once", "--slot", "s", "--", "echo"];
    for _ in 0..3 {
        assert_eq!(fleet.done(&[&submit[..], &["a"]].concat()), "once\n");
    }
    assert_eq!(fleet.status()["tasks"][0]["waiting"], 1);
    let (code, stdout, stderr) = fleet.said(&[&submit[..], &["b"]].concat());
    assert_eq!((code, &*stdout), (2, ""));
    assert_eq!(
        stderr,
        "error: once: a task is called once already, and was asked for with another spec; choose another \
         name\n"
    );
    let _host = fleet.host(&place, &[]);
    fleet.until("once", |task| task["phase"] == "succeeded");
    // It has ended, and is not run again.
    assert_eq!(fleet.done(&[&submit[..], &["a"]].concat()), "once\n");
    assert_eq!(fleet.status()["tasks"][0]["waiting"], 0);
    assert_eq!(fleet.done(&["logs", "once"]), "a\n");
}

#[test]
fn a_thousand_tasks_of_a_file_run_one_after_the_other_and_lose_no_line() {
    let Some(fleet) = Fleet::with(&[]) else {
        return;
    };
    let place = Place::with(&["hello"]);
    let specs: Vec<_> = (0..1000)
        .map(|n| {
            let args = [format!("n{n}")];
            json!({
                "name": format!("t{n}"), "slot": format!("s{n}"), "timeout": 60_000,
                "kind": { "subprocess": { "mode": { "command": { "command": "hello", "args": args } } } },
            })
        })
        .collect();
    let specs = place.file("specs.json", json!(specs));
    assert_eq!(fleet.done(&["submit", &specs]).lines().count(), 1000);
    let host = fleet.host(&place, &["--jobs", "1"]);
    fleet.until_status(|status| {
        status["tasks"][0]["waiting"] == 0 && status["tasks"][0]["running"] == 0
    });
    for n in [0, 1, 499, 999] {
        let lines = fleet.done(&["logs", &format!("t{n}")]);
        assert!(lines.contains(&format!("hello, n{n}")), "{lines}");
    }
    let tasks = fleet.done(&["tasks", "-n", "0", "--json", "--phase", "succeeded"]);
    assert_eq!(tasks.lines().count(), 1000);
    host.kill();
}

#[test]
fn a_megabyte_of_output_goes_through_the_queue_byte_for_byte_while_it_is_written() {
    let Some(fleet) = Fleet::with(&[]) else {
        return;
    };
    let place = Place::with(&["subprocess"]);
    let _host = fleet.host(&place, &[]);
    let words = ["submit", "--follow", "--", "seq", "200000"];
    let (code, stdout, stderr) = fleet.said(&words);
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stdout.lines().eq((1..=200_000).map(|it| it.to_string())),
        "{}",
        stdout.len()
    );
}

#[test]
fn logs_begin_with_the_last_lines_or_at_a_time_and_go_on_from_there() {
    let Some(fleet) = Fleet::with(&[]) else {
        return;
    };
    let place = Place::with(&["subprocess"]);
    let _host = fleet.host(&place, &[]);
    let go = place.directory.path().join("go");
    // More than one block.
    let script = format!(
        "seq 1 100000; while [ ! -e {} ]; do sleep 0.05; done; echo now; printf end",
        go.display()
    );
    fleet.done(&["submit", "--name", "long", "--", "sh", "-c", &script]);
    let began = std::time::Instant::now();
    while !fleet.done(&["logs", "long"]).ends_with("100000\n") {
        assert!(began.elapsed() < super::SOON, "its output does not come");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let last = |lines: &str| fleet.done(&["logs", "long", "--tail", lines]);
    assert_eq!(last("2"), "99999\n100000\n");
    assert_eq!(last("0"), "");
    // Who follows gets the last lines at once, and all that comes then.
    let mut following = std::process::Command::new(e2e::solti_host());
    following
        .args(["logs", "-f", "-n", "1", "long"])
        .env("SOLTI_QUEUE", fleet.url())
        .env_remove("SOLTI_HOST");
    let following = crate::Running::start(&mut following);
    assert_eq!(following.line(), "100000");
    let since = now_in_utc();
    std::thread::sleep(std::time::Duration::from_millis(20));
    std::fs::write(go, "").unwrap();
    assert_eq!([following.line(), following.line()], ["now", "end"]);
    assert_eq!(following.end(), (Some(0), String::new()));

    fleet.until("long", |task| task["phase"] == "succeeded");
    assert_eq!(last("2"), "now\nend");
    assert_eq!(fleet.done(&["logs", "long", "--since", &since]), "now\nend");
    assert_eq!(
        fleet.done(&["logs", "long", "--since", "1h"]).len(),
        588_895 + 7
    );
    let (code, _, stderr) = fleet.said(&["logs", "long", "--since", "yesterday"]);
    assert_eq!(code, 2);
    assert_eq!(
        stderr,
        "error: --since: is \"yesterday\", expected a time such as 2026-01-31T12:00:00Z, or how long ago, such as \
         5m\n"
    );
}

/// The time as `date` writes it.
fn now_in_utc() -> String {
    let output = std::process::Command::new("date")
        .args(["-u", "+%Y-%m-%dT%H:%M:%S.%3NZ"])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
