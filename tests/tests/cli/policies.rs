//! Restart, backoff, timeout and admission of a spec are kept.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{Place, Running, command, shell, with};

const NO_BACKOFF: &str = r#"{ "firstMs": 1, "maxMs": 1, "jitter": "none" }"#;

/// A spec that fails until it has been tried three times.
fn third_time_lucky(place: &Place) -> Value {
    let counter = place.file("counter", "");
    shell(
        "flaky",
        &format!("echo try >> {counter}; test $(wc -l < {counter}) -ge 3"),
    )
}

fn tasks(summary: &Value) -> &Vec<Value> {
    summary["tasks"].as_array().unwrap()
}

#[test]
fn a_task_that_fails_is_tried_again_after_its_backoff() {
    let place = Place::with(&["subprocess"]);
    let backoff = json!({ "firstMs": 150, "factor": 2, "jitter": "none" });
    let policy = json!({ "restart": { "type": "onFailure" }, "backoff": backoff });
    let (events, summary) = place.run_json(&json!([with(third_time_lucky(&place), policy)]), &[]);
    let task = &tasks(&summary)[0];
    assert_eq!(
        (&task["outcome"], &task["attempts"]),
        (&json!("success"), &json!(3))
    );
    let time = |event: &str, field: &str, attempt: u64| {
        let of_attempt = |e: &&Value| e["type"] == event && e["attempt"] == attempt;
        let event = events.iter().find(of_attempt).unwrap();
        Duration::from_millis(event[field].as_u64().unwrap())
    };
    for (attempt, delay) in [(1, 150), (2, 300)] {
        let ended = time("runFinished", "finishedAt", attempt);
        let began = time("runStarted", "startedAt", attempt + 1);
        // The times on the wire are whole milliseconds.
        assert!(
            began - ended >= Duration::from_millis(delay - 1),
            "attempt {attempt}"
        );
    }
}

#[test]
fn a_task_that_may_not_be_restarted_is_tried_once() {
    let place = Place::with(&["subprocess"]);
    let (_, summary) = place.run_json(&json!([third_time_lucky(&place)]), &[]);
    let task = &tasks(&summary)[0];
    assert_eq!(
        (&task["outcome"], &task["attempts"]),
        (&json!("failure"), &json!(1))
    );
    assert_eq!(task["exitCode"], 1);
}

#[test]
fn retries_are_limited_when_the_command_line_says_so() {
    let place = Place::with(&["subprocess"]);
    let backoff: Value = serde_json::from_str(NO_BACKOFF).unwrap();
    let policy = json!({ "restart": { "type": "onFailure" }, "backoff": backoff });
    let spec = with(command("a", "false", &[]), policy);
    let (_, summary) = place.run_json(&json!([spec]), &["--retries", "2"]);
    let task = &tasks(&summary)[0];
    assert_eq!(
        (&task["outcome"], &task["attempts"]),
        (&json!("failure"), &json!(3))
    );
}

#[test]
fn a_task_is_ended_at_its_timeout() {
    let place = Place::with(&["subprocess"]);
    let spec = with(command("a", "sleep", &["60"]), json!({ "timeout": 250 }));
    let (events, summary) = place.run_json(&json!([spec]), &[]);
    let task = &tasks(&summary)[0];
    assert_eq!(
        (&task["outcome"], &task["reason"]),
        (&json!("timeout"), &json!("after 250ms"))
    );
    assert_eq!(task["attempts"], 1);
    let [.., attempt, task] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(
        (&attempt["type"], attempt.get("exitCode")),
        (&json!("runFinished"), None)
    );
    assert_eq!(
        (&task["type"], &task["exitCode"]),
        (&json!("taskFinished"), &json!(null))
    );
}

#[test]
fn each_attempt_has_the_whole_timeout() {
    let place = Place::with(&["subprocess"]);
    let backoff: Value = serde_json::from_str(NO_BACKOFF).unwrap();
    let policy = json!({ "restart": { "type": "onFailure" }, "backoff": backoff, "timeout": 100 });
    let spec = with(command("a", "sleep", &["60"]), policy);
    let (_, summary) = place.run_json(&json!([spec]), &["--retries", "2"]);
    let task = &tasks(&summary)[0];
    assert_eq!(
        (&task["outcome"], &task["attempts"]),
        (&json!("timeout"), &json!(3))
    );
}

#[test]
fn tasks_of_one_slot_that_queue_run_one_after_the_other() {
    let place = Place::with(&["subprocess"]);
    let lock = place.file("lock", "") + ".held";
    let script = format!("mkdir {lock} && sleep 0.02 && rmdir {lock}");
    let spec = with(shell("q", &script), json!({ "admission": "queue" }));
    let specs = vec![spec; 150];
    let (_, summary) = place.run_json(&json!(specs), &[]);
    assert_eq!(tasks(&summary).len(), 150);
    for task in tasks(&summary) {
        assert_eq!(task["outcome"], "success", "{task}");
    }
}

#[test]
fn a_busy_slot_refuses_a_task_that_does_not_wait() {
    let place = Place::with(&["subprocess"]);
    let specs = json!([command("a", "sleep", &["1"]), command("a", "true", &[])]);
    let (_, summary) = place.run_json(&specs, &[]);
    assert_eq!(tasks(&summary)[0]["outcome"], "success");
    let refused = &tasks(&summary)[1];
    assert_eq!(refused["outcome"], "not_admitted");
    assert_eq!(
        refused["reason"],
        "slot 'a' was busy (admission dropIfRunning)"
    );
    assert_eq!(
        (&refused["attempts"], &refused["task"]),
        (&json!(0), &json!(null))
    );
}

#[test]
fn a_task_replaces_the_one_that_runs_in_its_slot() {
    let place = Place::with(&["subprocess"]);
    let mut running = Running::start(&mut place.run(&["-"]));
    running.submit(&shell("a", "echo first; sleep 60"));
    assert_eq!(running.line(), "a │ first");
    let replace = json!({ "admission": "replace" });
    running.submit(&with(shell("a", "echo second"), replace));
    assert_eq!(running.line(), "a │ second");
    let (code, stderr) = running.end();
    let note = "a · attempt 1 cancelled: replaced by a later task in its slot\n";
    assert!(stderr.contains(note), "{stderr}");
    assert!(
        stderr.ends_with("\n2 tasks: 1 succeeded, 1 cancelled\n"),
        "{stderr}"
    );
    assert_eq!(code, Some(1));
}

/// It was to wait, and another took its place: nothing of it ever ran.
#[test]
fn a_task_that_is_replaced_before_its_first_attempt_counts_none() {
    let place = Place::with(&["subprocess"]);
    let admission = |policy: &str| json!({ "admission": policy });
    let mut running = Running::start(&mut place.run(&["--summary", "/dev/stderr", "-"]));
    running.submit(&shell("a", "echo first; sleep 60"));
    assert_eq!(running.line(), "a │ first");
    running.submit(&with(shell("a", "echo waits"), admission("queue")));
    running.submit(&with(shell("a", "echo last"), admission("replace")));
    assert_eq!(running.line(), "a │ last");
    let (_, stderr) = running.end();
    let summary = stderr.lines().find(|line| line.starts_with('{')).unwrap();
    let summary: Value = serde_json::from_str(summary).unwrap();
    let replaced = "replaced by a later task in its slot";
    let found = tasks(&summary).iter().map(|task| {
        let part = |name: &str| task[name].clone();
        [
            part("attempts"),
            part("reason"),
            part("task").is_null().into(),
        ]
    });
    assert_eq!(
        found.collect::<Vec<_>>(),
        [
            [json!(1), json!(replaced), json!(false)],
            [
                json!(0),
                json!(format!("{replaced} before it started")),
                json!(true)
            ],
            [json!(1), json!(null), json!(false)],
        ]
    );
    // In the table it has no duration, no lines and no exit code either.
    let mut rows = stderr.lines().filter(|line| line.starts_with(" a "));
    let row = rows.find(|row| row.contains("before it started")).unwrap();
    let words: Vec<_> = row.split_whitespace().take(4).collect();
    assert_eq!(words, ["a", "cancelled", "0", "replaced"], "{row}");
}

#[test]
fn no_task_is_lost_when_one_ends_in_the_moment_it_is_replaced() {
    let place = Place::with(&["subprocess"]);
    let mut running = Running::start(&mut place.run(&["--json", "-"]));
    let admitted =
        |admission: &str| with(command("a", "true", &[]), json!({ "admission": admission }));
    for _ in 0..50 {
        running.submit(&admitted("replace"));
        // Its end is announced before the supervisor has freed the slot: the next comes right then.
        while !running.line().contains("runFinished") {}
        running.submit(&admitted("replace"));
        running.submit(&admitted("queue"));
    }
    drop(running.stdin.take());
    let summary = loop {
        let object: Value = serde_json::from_str(&running.line()).unwrap();
        if object["type"] == "summary" {
            break object;
        }
    };
    let tasks = tasks(&summary);
    assert_eq!(tasks.len(), 150);
    for task in tasks {
        let replaced = task["outcome"] == "canceled"
            && task["reason"]
                .as_str()
                .unwrap()
                .starts_with("replaced by a later task");
        assert!(task["outcome"] == "success" || replaced, "{task}");
    }
    assert_eq!(tasks[149]["outcome"], "success", "nothing comes after it");
}
