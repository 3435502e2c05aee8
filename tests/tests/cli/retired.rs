//! A plugin that panics too often.

use serde_json::json;

use crate::{Place, command, end, hello};

#[test]
fn a_plugin_that_has_panicked_too_often_gets_no_more_tasks_and_others_go_on() {
    let place = Place::with(&["hello", "specimen"]);
    let panics = |slot| command(slot, "panic-in-build", &[]);
    let specs = json!([panics("a"), panics("b"), panics("c"), hello("d", "you")]);
    let words = ["--jobs", "1", "--max-panics", "2"];
    let (_, summary) = place.run_json(&specs, &words);
    let task = |at: usize| {
        let task = &summary["tasks"][at];
        let reason = task["reason"].as_str().unwrap_or_default();
        (task["outcome"].as_str().unwrap(), reason.to_owned())
    };
    for at in [0, 1] {
        let (outcome, reason) = task(at);
        assert_eq!(outcome, "failure");
        assert!(reason.contains("build_task was told to panic"), "{reason}");
    }
    let reason = "no runner for this task: plugin 'specimen' takes subprocess tasks, but it has \
                  panicked 2 times and gets no more";
    assert_eq!(task(2), ("failure", reason.to_owned()));
    assert_eq!(task(3), ("success", String::new()));
    assert_eq!(summary["retired"], json!(["specimen"]));

    let file = place.file("specs.json", specs);
    let ended = end(place.run(&words).arg(file));
    let warning = "warning: plugin 'specimen' has panicked 2 times and got no more tasks\n";
    assert_eq!(ended.stderr.matches(warning).count(), 1, "{}", ended.stderr);
    assert_eq!(ended.code, Some(1));
}
