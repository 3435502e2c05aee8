//! Tasks that are asked to end.

use super::Fleet;
use crate::Place;

#[test]
fn a_task_is_cancelled_while_it_waits_and_never_runs() {
    let Some(fleet) = Fleet::with(&[]) else {
        return;
    };
    let place = Place::with(&["subprocess"]);
    let file = place.directory.path().join("ran");
    let touch = file.display().to_string();
    fleet.done(&["submit", "--name", "late", "--", "touch", &touch]);
    fleet.done(&["cancel", "late", "--wait"]);
    let task = fleet.task("late");
    assert_eq!(task["phase"], "canceled");
    assert_eq!(task["error"], "it was cancelled before it began");
    assert_eq!(fleet.status()["tasks"][0]["waiting"], 0);
    let _host = fleet.host(&place, &[]);
    fleet.done(&["submit", "--wait", "--", "true"]);
    assert!(!file.exists());
}

#[test]
fn a_task_is_cancelled_while_it_runs_on_whatever_host() {
    let Some(fleet) = Fleet::with(&[]) else {
        return;
    };
    let place = Place::with(&["subprocess"]);
    let _host = fleet.host(&place, &[]);
    fleet.done(&["submit", "--name", "long", "--", "sleep", "600"]);
    fleet.until("long", |task| task["phase"] == "running");
    fleet.done(&["cancel", "long", "--wait"]);
    assert_eq!(fleet.task("long")["phase"], "canceled");
    let (code, _, stderr) = fleet.said(&["cancel", "none"]);
    assert_eq!(code, 1);
    assert_eq!(stderr, "error: none: no task of the queue is called none\n");
}
