//! Tasks that are tried no more by themselves.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use solti_plugin_queue::{Need, Queue, QueueAddress};

use super::Fleet;
use crate::Place;

/// Puts a message into a queue as a task that needs a runner of commands.
pub(crate) fn put(url: &str, name: &str, text: &'static str) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let address = QueueAddress::new([url.to_owned()]);
        let queue = Queue::connect(&address, "test").await.unwrap();
        let need = Need::new("subprocess", Value::Null);
        let put = queue.submit(name, &need, "s", BTreeMap::new(), text.into());
        assert!(put.await.unwrap().is_new);
    });
}

#[test]
fn a_message_that_is_no_task_is_put_aside_with_the_reason_and_the_queue_goes_on() {
    let Some(fleet) = Fleet::with(&[]) else {
        return;
    };
    let place = Place::with(&["subprocess"]);
    put(&fleet.url(), "no-json", "{");
    put(&fleet.url(), "no-task", "{\"kind\": 1}");
    let _host = fleet.host(&place, &["--jobs", "1"]);
    fleet.done(&["submit", "--wait", "--name", "good", "--", "true"]);
    let dead = fleet.until("no-json", |task| task["phase"] == "dead");
    assert_eq!(
        dead["error"],
        "the message is no JSON: EOF while parsing an object at line 1 column 1"
    );
    let dead = fleet.until("no-task", |task| task["phase"] == "dead");
    assert!(
        dead["error"]
            .as_str()
            .unwrap()
            .starts_with("the message is no task: "),
        "{dead:#}"
    );
    let status = fleet.until_status(|status| status["tasks"][0]["running"] == 0);
    assert_eq!(status["deadLetters"], 2, "{status:#}");
    let mut names: Vec<_> = status["dead"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["no-json", "no-task"]);
    // Asked for by a person, and put aside again.
    assert_eq!(fleet.done(&["queue", "retry", "no-json"]), "no-json\n");
    fleet.until_status(|status| status["deadLetters"] == 2);
    fleet.until("no-json", |task| task["phase"] == "dead");
    let (code, _, stderr) = fleet.said(&["queue", "retry", "good"]);
    assert_eq!(code, 1);
    assert_eq!(
        stderr,
        "error: good: is no dead letter: no task of the queue is called good\n"
    );
}

#[test]
fn a_task_whose_hosts_all_die_is_a_dead_letter_after_its_deliveries_and_runs_when_it_is_put_back() {
    let Some(fleet) = Fleet::with(&["--lease", "1s", "--deliveries", "2"]) else {
        return;
    };
    let place = Place::with(&["subprocess"]);
    let flag = place.file("flag", "");
    let script = format!("if [ -e {flag} ]; then sleep 600; fi; echo survived");
    fleet.done(&["submit", "--name", "unlucky", "--", "sh", "-c", &script]);
    for number in 1..=2 {
        let host = fleet.host(&place, &[]);
        fleet.until("unlucky", |task| {
            task["attempts"] == number && task["phase"] == "running"
        });
        host.kill();
    }
    let _host = fleet.host(&place, &[]);
    let dead = fleet.until("unlucky", |task| task["phase"] == "dead");
    let error = dead["error"].as_str().unwrap();
    assert!(
        error.starts_with("it was delivered 2 times, the last time to "),
        "{error}"
    );
    std::fs::remove_file(flag).unwrap();
    fleet.done(&["queue", "retry", "--all"]);
    fleet.until("unlucky", |task| task["phase"] == "succeeded");
    assert_eq!(fleet.done(&["logs", "unlucky"]), "survived\n");
    assert_eq!(fleet.status()["dead"], json!([]));
}
