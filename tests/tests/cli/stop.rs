//! Ctrl-C.

use std::io::{BufRead as _, BufReader};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, test_kill_process};
use serde_json::json;

use crate::{Place, Running, SOON, command, shell, with};

/// The summary for people after its table.
fn tally(stderr: &str) -> &str {
    stderr.lines().last().unwrap()
}

#[test]
fn ctrl_c_cancels_every_task_and_waits_for_it() {
    // What is ignored when the tests start, as under `nohup`, stays so in the program.
    let ignored = crate::signals(std::process::id(), "SigIgn:");
    let all = [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT].into_iter();
    for signal in all.filter(|signal| ignored >> (signal.as_raw() - 1) & 1 == 0) {
        let place = Place::with(&["subprocess"]);
        let done = place.directory.path().join("done");
        let queued = with(command("a", "true", &[]), json!({ "admission": "queue" }));
        let script = format!(
            "echo begun $$; trap '' TERM; sleep 60; echo {}",
            done.display()
        );
        let backoff = json!({ "firstMs": 60_000, "maxMs": 60_000, "jitter": "none" });
        let waits = json!({ "restart": { "type": "onFailure" }, "backoff": backoff });
        let specs = json!([
            shell("a", &script),
            queued,
            with(shell("b", "echo tried; exit 1"), waits)
        ]);
        let specs = place.file("specs.json", specs);
        let running = Running::start(&mut place.run(&[&specs]));
        let mut lines = [running.line(), running.line()];
        lines.sort_unstable();
        assert_eq!(lines[1], "b │ tried");
        let pid = lines[0]
            .strip_prefix("a │ begun ")
            .unwrap()
            .parse()
            .unwrap();
        running.signal(signal);
        let (code, stderr) = running.end();
        assert!(
            stderr.contains("warning: cancelling every task; interrupt again to exit at once\n"),
            "{stderr}"
        );
        assert_eq!(tally(&stderr), "3 tasks: 3 cancelled", "{stderr}");
        assert_eq!(code, Some(128 + signal.as_raw()));
        let pid = Pid::from_raw(pid).unwrap();
        assert!(test_kill_process(pid).is_err(), "the process has ended");
    }
}

#[test]
fn a_task_between_two_attempts_is_cancelled_and_its_last_failure_told() {
    let place = Place::with(&["subprocess"]);
    let backoff = json!({ "firstMs": 60_000, "maxMs": 60_000, "jitter": "none" });
    let waits = json!({ "restart": { "type": "onFailure" }, "backoff": backoff });
    let specs = place.file("specs.json", with(shell("b", "exit 4"), waits));
    let running = Running::start(&mut place.run(&["--json", &specs]));
    while !running.line().contains("runFinished") {}
    running.signal(Signal::INT);
    let event = || -> serde_json::Value { serde_json::from_str(&running.line()).unwrap() };
    let (finished, summary) = (event(), event());
    for task in [&finished, &summary["tasks"][0]] {
        assert_eq!(task["outcome"], "canceled");
        assert_eq!(
            task["reason"],
            "interrupted after an attempt that failed: process exited with non-zero code: 4"
        );
    }
    assert_eq!(running.end().0, Some(130));
}

#[test]
fn standard_input_that_stays_open_does_not_keep_the_program() {
    let place = Place::with(&["subprocess"]);
    let mut running = Running::start(&mut place.run(&["-"]));
    running.submit(&shell("a", "echo begun; sleep 60"));
    assert_eq!(running.line(), "a │ begun");
    running.signal(Signal::INT);
    let stdin = running.stdin.take();
    let (code, stderr) = running.end();
    assert_eq!(tally(&stderr), "1 task: 1 cancelled", "{stderr}");
    assert_eq!(code, Some(130));
    drop(stdin);
}

/// A task that does not end when it is asked to, and says its process id first.
fn stubborn() -> serde_json::Value {
    shell("a", "trap '' TERM INT; echo $$; while :; do sleep 1; done")
}

/// The configuration with which the runner asks for a long time.
const ASK: [&str; 2] = ["--config", "subprocess.stop_grace_ms=3600000"];

/// Waits until the process of the line that `stubborn` prints is gone.
fn wait_until_gone(line: &str) {
    let pid = line.strip_prefix("a │ ").unwrap().parse().unwrap();
    let pid = Pid::from_raw(pid).unwrap();
    let began = Instant::now();
    while test_kill_process(pid).is_ok() {
        assert!(began.elapsed() < SOON, "process {line} is left behind");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_task_that_does_not_end_within_its_grace_is_abandoned() {
    let place = Place::with(&["subprocess"]);
    let specs = place.file("specs.json", stubborn());
    let running = Running::start(place.run(&["--grace", "200ms", &specs]).args(ASK));
    let line = running.line();
    running.signal(Signal::INT);
    let (code, stderr) = running.end();
    let note = "a · attempt 1 cancelled: interrupted; abandoned, as it did not end within 200ms\n";
    assert!(stderr.contains(note), "{stderr}");
    assert_eq!(code, Some(130));
    wait_until_gone(&line);
}

#[test]
fn a_second_ctrl_c_ends_at_once_and_leaves_no_process() {
    let place = Place::with(&["subprocess"]);
    let specs = place.file("specs.json", stubborn());
    let mut running = Running::start(place.run(&["--grace", "1h", &specs]).args(ASK));
    let line = running.line();
    running.signal(Signal::INT);
    let mut stderr = BufReader::new(running.child.stderr.take().unwrap());
    let mut warning = String::new();
    stderr.read_line(&mut warning).unwrap();
    assert_eq!(
        warning,
        "warning: cancelling every task; interrupt again to exit at once\n"
    );
    running.signal(Signal::INT);
    let began = Instant::now();
    let code = loop {
        if let Some(status) = running.child.try_wait().unwrap() {
            break status.code();
        }
        assert!(began.elapsed() < SOON, "it ends at once");
        std::thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(code, Some(130));
    wait_until_gone(&line);
}

#[test]
fn an_attempt_that_a_plugin_cannot_end_is_reported_and_does_not_keep_the_program() {
    let place = Place::with(&["specimen"]);
    // It holds its thread for a minute, whatever it is asked for.
    let hog = with(
        command("a", "hog", &["60000"]),
        json!({ "timeout": 300, "restart": { "type": "never" } }),
    );
    let specs = place.file("specs.json", hog);
    let began = Instant::now();
    let running = Running::start(&mut place.run(&["--grace", "200ms", &specs]));
    let (code, stderr) = running.end();
    assert!(began.elapsed() < SOON, "{stderr}");
    let warning = "warning: plugin 'specimen': 1 attempt did not end within 200ms\n";
    assert!(stderr.contains(warning), "{stderr}");
    assert_eq!(code, Some(1));
}
