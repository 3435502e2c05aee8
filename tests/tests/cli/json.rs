//! What machines read.

use std::fs;

use serde_json::{Value, json};
use solti_model::OutputEvent;

use crate::{Place, command, end, shell, with};

#[test]
fn each_event_is_in_its_wire_form_with_the_task_and_the_slot() {
    let place = Place::with(&["subprocess"]);
    let (events, summary) = place.run_json(&json!([shell("a", "echo 'x \"y\" ä'")]), &[]);
    let kinds: Vec<_> = events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        ["runStarted", "chunk", "runFinished", "taskFinished"]
    );
    let chunk = events[1].as_object().unwrap();
    let fields: Vec<_> = chunk.keys().map(String::as_str).collect();
    assert_eq!(
        fields,
        [
            "attempt", "line", "seq", "slot", "stream", "task", "ts", "type"
        ]
    );
    assert_eq!(chunk["line"], "x \"y\" ä");
    assert_eq!(
        (&chunk["stream"], &chunk["slot"]),
        (&json!("stdout"), &json!("a"))
    );
    assert_eq!(events[2]["exitCode"], 0);
    for event in &events[..3] {
        assert_eq!(event["task"], summary["tasks"][0]["task"]);
        serde_json::from_value::<OutputEvent>(event.clone()).unwrap();
    }
}

#[test]
fn the_summary_is_the_last_object_and_has_everything() {
    let place = Place::with(&["subprocess"]);
    let specs = json!([
        shell("good", "echo a; echo b >&2; echo c"),
        shell("bad", "exit 3"),
        { "slot": "w", "timeout": 1000, "kind": { "wasm": { "module": "x" } } },
    ]);
    let (_, mut summary) = place.run_json(&specs, &[]);
    for task in summary["tasks"].as_array_mut().unwrap() {
        // They differ from run to run.
        let ran = task["attempts"] != 0;
        assert_eq!(task["durationMs"].take().as_u64() > Some(0), ran);
        assert_eq!(task["task"].take().is_string(), ran);
    }
    let spec = |at: u32| {
        let file = place.directory.path().join("specs.json");
        format!("{}[{at}]", file.display())
    };
    let task = |at, slot, outcome, reason: Value, exit_code: Value, lines: [u32; 2]| {
        json!({
            "slot": slot, "task": null, "spec": spec(at), "outcome": outcome, "reason": reason,
            "exitCode": exit_code, "attempts": u32::from(slot != "w"), "durationMs": null,
            "stdoutLines": lines[0], "stderrLines": lines[1], "lost": 0, "signal": null,
        })
    };
    let no_runner = format!(
        "no runner for wasm tasks: the plugins loaded from {} take subprocess tasks",
        place.plugins().display()
    );
    let bad = "process exited with non-zero code: 3";
    assert_eq!(
        summary,
        json!({
            "type": "summary",
            "tasks": [
                task(0, "good", "success", json!(null), json!(0), [2, 1]),
                task(1, "bad", "failure", json!(bad), json!(3), [0, 0]),
                task(2, "w", "failure", json!(no_runner), json!(null), [0, 0]),
            ],
            "metrics": {
                "started": { "subprocess": 2 },
                "completed": { "subprocess": { "success": 1, "failure": 1 } },
                "errors": {},
            },
            "lost": 0,
            "problems": [],
            "warnings": [],
            "retired": [],
            "plugins": { "rejected": [] },
        })
    );
}

/// A script that reads the stream need not wait for its end, nor guess what became of a task without one.
#[test]
fn each_task_has_one_event_at_its_end_which_says_of_it_what_the_summary_does() {
    let place = Place::with(&["subprocess"]);
    let retried = json!({ "restart": { "type": "onFailure" }, "backoff": { "firstMs": 1 } });
    let specs = json!([
        shell("good", "seq 1000; echo x >&2"),
        shell("good", "true"),
        with(shell("bad", "exit 3"), retried),
        with(shell("slow", "sleep 60"), json!({ "timeout": 200 })),
        command("none", "/no/such/program", &[]),
        { "slot": "w", "timeout": 1000, "kind": { "wasm": { "module": "x" } } },
    ]);
    let (events, mut summary) = place.run_json(&specs, &["--retries", "2"]);
    let mut ends: Vec<Value> = Vec::new();
    for (at, event) in events.iter().enumerate() {
        if event["type"] == "taskFinished" {
            let of_task =
                |other: &&Value| !event["task"].is_null() && other["task"] == event["task"];
            assert!(
                !events[at + 1..].iter().any(|other| of_task(&other)),
                "{event}"
            );
            let mut event = event.clone();
            event.as_object_mut().unwrap().remove("type");
            ends.push(event);
        }
    }
    let tasks = summary["tasks"].as_array_mut().unwrap();
    let outcomes: Vec<_> = tasks.iter().map(|task| task["outcome"].clone()).collect();
    assert_eq!(
        outcomes,
        [
            "success",
            "not_admitted",
            "failure",
            "timeout",
            "failure",
            "failure"
        ]
    );
    for list in [&mut *tasks, &mut ends] {
        list.sort_by_key(|task| task["spec"].to_string());
    }
    assert_eq!(&ends, tasks);
}

/// A runner that tells no code has one all the same where the kind of task says which.
#[test]
fn the_exit_code_is_the_same_wherever_it_is_told() {
    for (package, spec) in [
        ("hello", crate::hello("a", "you")),
        ("subprocess", shell("b", "exit 3")),
    ] {
        let place = Place::with(&[package]);
        let (events, summary) = place.run_json(&json!([spec]), &[]);
        let told: Vec<_> = events
            .iter()
            .filter_map(|event| event.get("exitCode"))
            .collect();
        assert_eq!(told.len(), 2, "{events:?}");
        for code in told {
            assert_eq!(*code, summary["tasks"][0]["exitCode"]);
        }
    }
}

#[test]
fn the_summary_has_the_plugins_that_were_refused_as_list_has_them() {
    let place = Place::with(&["hello"]);
    std::fs::create_dir(place.plugins().join("text.so")).unwrap();
    let path = place.plugins().canonicalize().unwrap().join("text.so");
    let (_, mut summary) = place.run_json(&json!([crate::hello("a", "you")]), &[]);
    let rejected = json!({
        "file": "text.so", "path": path, "stage": "discover", "code": "not_a_file",
        "reason": "a directory, expected a regular file: move it out of the plugin directory",
        "advice": "move it out of the plugin directory", "times_ms": {},
    });
    assert_eq!(summary["plugins"].take(), json!({ "rejected": [rejected] }));
    let listed = end(crate::solti_host()
        .args(["list", "--json"])
        .arg(place.plugins()));
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!(listed["rejected"], json!([rejected]));
}

#[test]
fn an_exit_code_that_is_no_failure_is_the_one_of_the_process() {
    let place = Place::with(&["subprocess"]);
    let mode = json!({ "command": { "command": "false" } });
    let kind = json!({ "subprocess": { "mode": mode, "failOnNonZero": false } });
    let spec = with(command("a", "true", &[]), json!({ "kind": kind }));
    let (events, summary) = place.run_json(&json!([spec]), &[]);
    assert_eq!(summary["tasks"][0]["outcome"], "success");
    for event in &events[1..] {
        assert_eq!(event["exitCode"], 1, "{event}");
    }
}

#[test]
fn the_summary_can_be_had_in_a_file_beside_the_output_for_people() {
    let place = Place::with(&["subprocess"]);
    let specs = place.file("specs.json", shell("a", "echo x"));
    let file = place.file("summary.json", "");
    let ended = end(&mut place.run(&["--summary", &file, &specs]));
    assert_eq!(ended.stdout, "a │ x\n");
    let summary: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(summary["tasks"][0]["outcome"], "success");
}

#[test]
fn a_summary_file_that_cannot_be_written_is_named() {
    let place = Place::with(&["subprocess"]);
    let ended = end(&mut place.exec(&["--summary", "/no/such/file", "--", "echo", "x"]));
    assert_eq!(ended.stdout, "x\n");
    let (summary, error) = ended.stderr.split_once('\n').unwrap();
    assert!(summary.starts_with("exec: succeeded ("), "{summary}");
    assert_eq!(
        error,
        "error: the summary cannot be written to /no/such/file: \
         No such file or directory (os error 2)\n"
    );
    assert_eq!(ended.code, Some(125));
}

/// A runner tells a timeout from a cancellation by its own clock, which must not start after the
/// supervisor's. Many tasks that begin at once, as one alone would rarely show it.
#[test]
fn no_timeout_is_counted_as_a_cancellation() {
    const TASKS: u32 = 100;
    let place = Place::with(&["subprocess"]);
    let specs: Vec<_> = (0..TASKS)
        .map(|number| {
            let sleeping = command(&format!("s{number}"), "sleep", &["60"]);
            with(sleeping, json!({ "timeout": 300 + 7 * number }))
        })
        .collect();
    let (_, summary) = place.run_json(&json!(specs), &[]);
    assert_eq!(
        summary["metrics"]["completed"]["subprocess"],
        json!({ "timeout": TASKS })
    );
}
