//! `--quiet`: for timers, whose every word is mailed to somebody.

use std::fs;

use serde_json::json;

use crate::{Place, command, end, shell, shown, solti_host, with};

#[test]
fn nothing_is_said_of_a_run_that_goes_well_and_tasks_print_what_they_print() {
    let place = Place::with(&["subprocess"]);
    let retried = json!({ "restart": { "type": "onFailure" }, "backoff": { "firstMs": 1 } });
    let state = place.directory.path().join("tried");
    let lucky = format!(
        "test -e {0} && echo x || {{ touch {0}; exit 1; }}",
        shown(state)
    );
    let specs = json!([with(shell("a", &lucky), retried), command("b", "true", &[])]);
    let specs = place.file("specs.json", specs);
    for quiet in ["--quiet", "-q"] {
        let ended = end(&mut place.run(&[quiet, &specs]));
        assert_eq!((&*ended.stdout, &*ended.stderr), ("a │ x\n", ""));
        assert_eq!(ended.code, Some(0));
    }
    let ended = end(&mut place.exec(&["--quiet", "--", "echo", "x"]));
    assert_eq!((&*ended.stdout, &*ended.stderr), ("x\n", ""));
}

#[test]
fn a_task_that_fails_is_told_at_once_and_in_a_summary_of_what_failed() {
    let place = Place::with(&["subprocess"]);
    let specs = json!([command("good", "true", &[]), shell("bad", "exit 3")]);
    let specs = place.file("specs.json", specs);
    let ended = end(&mut place.run(&["--quiet", &specs]));
    let reason = "process exited with non-zero code: 3";
    let first = format!("bad  · failed: {reason}");
    assert_eq!(
        ended.stderr.lines().next(),
        Some(&*first),
        "{}",
        ended.stderr
    );
    assert!(!ended.stderr.contains("good"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("metrics"), "{}", ended.stderr);
    let tally = "\n2 tasks: 1 succeeded, 1 failed\n";
    assert!(ended.stderr.ends_with(tally), "{}", ended.stderr);
    assert_eq!(ended.code, Some(1));
    let ended = end(&mut place.exec(&["--quiet", "--", "sh", "-c", "exit 3"]));
    let said = format!("exec: failed: {reason} (");
    assert!(ended.stderr.starts_with(&said), "{}", ended.stderr);
    assert_eq!(ended.code, Some(3));
}

#[test]
fn what_the_host_has_to_say_stays() {
    let place = Place::with(&["subprocess"]);
    fs::write(place.plugins().join("text.so"), "just a text\n").unwrap();
    let ended = end(&mut place.exec(&["--quiet", "--", "true"]));
    let warning = "warning: text.so: rejected at inspect: ";
    assert!(ended.stderr.starts_with(warning), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    let broken = place.file("broken.json", "{");
    let good = place.file("good.json", command("a", "true", &[]));
    let ended = end(&mut place.run(&["--quiet", &broken, &good]));
    let tally = "\n1 task: 1 succeeded; 1 spec could not be read\n";
    assert!(ended.stderr.ends_with(tally), "{}", ended.stderr);
}

#[test]
fn a_check_that_finds_nothing_wrong_says_nothing() {
    let place = Place::with(&["subprocess"]);
    let check = || {
        let mut check = solti_host();
        check.args(["check", "--quiet"]).arg(place.plugins());
        end(&mut check)
    };
    let ended = check();
    assert_eq!((&*ended.stdout, &*ended.stderr), ("", ""));
    let specs = place.file("specs.json", command("a", "true", &[]));
    let ended = end(&mut place.run(&["--check", "--quiet", &specs]));
    assert_eq!((&*ended.stdout, &*ended.stderr), ("", ""));
    fs::write(place.plugins().join("text.so"), "just a text\n").unwrap();
    let ended = check();
    assert!(!ended.stdout.contains("passed  "), "{}", ended.stdout);
    assert!(ended.stdout.contains("text.so"), "{}", ended.stdout);
    assert_eq!(ended.code, Some(1));
}

#[test]
fn what_is_for_machines_is_never_left_out() {
    let place = Place::with(&[]);
    let ended = end(&mut place.exec(&["--quiet", "--json", "--", "true"]));
    let error = "error: the argument '--quiet' cannot be used with '--json'\n";
    assert!(ended.stderr.starts_with(error), "{}", ended.stderr);
    assert_eq!(ended.code, Some(2));
}
