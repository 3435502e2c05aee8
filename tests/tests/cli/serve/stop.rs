//! The end of a service, in order.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Serving, settings};
use crate::{Place, shell, with};

#[test]
fn a_stop_with_many_children_leaves_none_and_says_so_of_each_task() {
    let place = Place::with(&["subprocess"]);
    let pids = place.directory.path().join("pids");
    let serving = Serving::start(&place, &[]);
    let tasks: Vec<_> = (0..50)
        .map(|number| {
            shell(
                &format!("s{number}"),
                &format!("echo $$ >> {}; exec sleep 60", pids.display()),
            )
        })
        .collect();
    assert_eq!(serving.post("/v1/tasks", &json!(tasks)).status, 201);
    let running = || {
        std::fs::read_to_string(&pids)
            .unwrap_or_default()
            .lines()
            .count()
    };
    let began = Instant::now();
    while running() < 50 {
        assert!(began.elapsed() < crate::SOON);
        std::thread::sleep(Duration::from_millis(10));
    }
    let path = "/v1/tasks?limit=1".to_owned();
    let first = serving.get(&path).json()["tasks"][0]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    let accept = [("Accept", "text/event-stream")];
    let following =
        serving
            .client
            .stream("GET", &format!("/v1/tasks/{first}/output"), &accept, b"");
    assert_eq!(serving.terminate(), (Some(0), String::new()));
    let last = following.events().last().unwrap();
    assert_eq!(last.0, "end", "{last:?}");
    for pid in std::fs::read_to_string(&pids).unwrap().lines() {
        assert!(
            !std::path::Path::new(&format!("/proc/{pid}")).exists(),
            "{pid} is left"
        );
    }
    let serving = Serving::start(&place, &[]);
    let task = serving.get(&format!("/v1/tasks/{first}")).json();
    assert_eq!(
        (&task["phase"], &task["error"]),
        (&json!("canceled"), &json!("the service was stopped"))
    );
}

#[test]
fn tasks_that_a_stop_ends_are_run_by_the_next_service_where_that_is_wanted() {
    let place = Place::with(&["subprocess"]);
    let runs = place.directory.path().join("runs");
    let config = settings(&place, "on_stop = 'requeue'\n");
    let serving = Serving::start(&place, &["--config", &config]);
    let script = format!(
        "echo x >> {0}; [ $(wc -l < {0}) = 2 ] || exec sleep 60",
        runs.display()
    );
    serving.submit(&with(shell("a", &script), json!({ "name": "a" })));
    while !runs.exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(serving.terminate().0, Some(0));
    let serving = Serving::start(&place, &["--config", &config]);
    let task = serving.ended("a");
    assert_eq!(task["phase"], "succeeded", "{task:#}");
    assert_eq!(task["interruptions"][0]["then"], "requeue");
}
