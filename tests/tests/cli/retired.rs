//! A plugin that panics too often.

use std::io::{BufRead as _, BufReader};
use std::sync::mpsc::channel;

use serde_json::{Value, json};

use crate::{Place, Running, SOON, command, end, hello};

#[test]
fn a_plugin_that_has_panicked_too_often_gets_no_more_tasks_and_others_go_on() {
    let place = Place::with(&["hello", "specimen"]);
    let panics = |slot| command(slot, "panic-in-build", &[]);
    let specs = json!([panics("a"), panics("b"), panics("c"), hello("d", "you")]);
    let words = ["--jobs", "1", "--max-panics", "2"];
    let (_, summary) = place.run_json(&specs, &words);
    // Which two of the three come first is the supervisor's affair, and whether the third was
    // submitted before they had ended.
    let mut reasons: Vec<_> = (0..3)
        .map(|at| summary["tasks"][at]["reason"].as_str().unwrap_or_default())
        .collect();
    reasons.retain(|reason| !reason.contains("build_task was told to panic"));
    assert_eq!(
        reasons,
        [
            "no runner for this task: plugin 'specimen' takes subprocess tasks, but it has panicked 2 \
             times and gets no more"
        ]
    );
    assert_eq!(summary["tasks"][3]["outcome"], "success");
    assert_eq!(summary["retired"], json!(["specimen"]));

    let file = place.file("specs.json", specs);
    let ended = end(place.run(&words).arg(file));
    let warning = "warning: plugin 'specimen' has panicked 2 times and was given no more tasks\n";
    assert_eq!(ended.stderr.matches(warning).count(), 1, "{}", ended.stderr);
    assert_eq!(ended.code, Some(1));
}

#[test]
fn a_task_that_comes_after_a_plugin_was_retired_is_told_so() {
    let place = Place::with(&["specimen"]);
    let mut running = Running::start(&mut place.run(&["--json", "--max-panics", "1", "-"]));
    let stderr = BufReader::new(running.child.stderr.take().unwrap());
    let (sender, logged) = channel();
    std::thread::spawn(move || {
        for line in stderr.lines() {
            sender.send(line.unwrap()).ok();
        }
    });
    running.submit(&command("a", "panic-in-build", &[]));
    let line = logged.recv_timeout(SOON).unwrap();
    let error = "plugin 'specimen' has panicked 1 time: its runners get no more tasks until the \
                 host is started again, or puts it back";
    assert!(line.contains(error), "{line}");
    running.submit(&command("b", "ready", &[]));
    drop(running.stdin.take());
    let summary = loop {
        let event: Value = serde_json::from_str(&running.line()).unwrap();
        if event["type"] == "summary" {
            break event;
        }
        assert_eq!(event["type"], "taskFinished");
    };
    assert_eq!(
        summary["tasks"][1]["reason"],
        "no runner for this task: plugin 'specimen' takes subprocess tasks, but it has panicked \
         1 time and gets no more"
    );
}
