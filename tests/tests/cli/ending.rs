//! What holds up the end of the program: each wait has a limit, and says what it waits for.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{Ended, Place, Running, command, end, shell, shown, solti_host, with};

/// Runs the program to its end; how long that took.
fn timed(command: &mut std::process::Command) -> (Ended, Duration) {
    let began = Instant::now();
    let ended = end(command);
    (ended, began.elapsed())
}

/// A destructor of 30 seconds is cut off.
const CUT_OFF: Duration = Duration::from_secs(15);

const SLOW_RUNNER: [&str; 4] = ["--grace", "2s", "--config", "specimen.drop_ms=30000"];

const WAITS: &str = "warning: waiting for plugin 'specimen', 1.0s at most: the destructor of runner \
                     'chameleon'\n";
const CUT: &str = "warning: plugin 'specimen': 1 destructor did not end within 2.0s\n";

/// The same words, whatever was left of the time.
fn without_time(stderr: &str) -> String {
    let words = stderr.split(' ').collect::<Vec<_>>();
    let mut words = words.into_iter().peekable();
    let mut text = Vec::new();
    while let Some(word) = words.next() {
        match words.peek() {
            Some(&"at") if word.ends_with('s') => text.push("1.0s"),
            _ => text.push(word),
        }
    }
    text.join(" ")
}

#[test]
fn a_runner_that_is_dropped_slowly_holds_up_no_command_beyond_its_grace_or_in_silence() {
    let place = Place::with(&["specimen"]);
    let specs = place.file("specs.json", command("a", "ready", &[]));
    let mut exec = place.exec(&SLOW_RUNNER);
    exec.args(["--", "ready"]);
    let (ended, took) = timed(&mut exec);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let stderr = without_time(&ended.stderr);
    assert!(stderr.starts_with(&format!("{WAITS}{CUT}")), "{ended:?}");
    assert!(took < CUT_OFF, "{took:?}");
    for check in [false, true] {
        let mut run = place.run(&SLOW_RUNNER);
        run.arg(&specs).args(check.then_some("--check"));
        let (ended, took) = timed(&mut run);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let stderr = without_time(&ended.stderr);
        assert!(stderr.contains(WAITS) && stderr.contains(CUT), "{ended:?}");
        assert!(took < CUT_OFF, "{took:?}");
    }
    let mut list = solti_host();
    list.args([
        "list",
        &shown(place.plugins()),
        SLOW_RUNNER[2],
        SLOW_RUNNER[3],
    ]);
    let (ended, took) = timed(&mut list);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("1 loaded"), "{ended:?}");
    let cut = CUT.replace("2.0s", "5.0s");
    assert_eq!(without_time(&ended.stderr), format!("{WAITS}{cut}"));
    assert!(took < CUT_OFF, "{took:?}");
}

/// The host has two threads for all tasks, or as many as there are processors.
#[test]
fn tasks_that_are_dropped_slowly_hold_up_no_other_task_and_not_the_end() {
    let place = Place::with(&["specimen"]);
    let slow = |slot: usize| command(&format!("slow-{slot}"), "drop-slowly", &["30000"]);
    let mut specs: Vec<_> = (0..64).map(slow).collect();
    let later = json!({ "timeout": 5_000 });
    specs.push(with(command("last", "sleep", &["1500"]), later));
    let specs = place.file("specs.json", json!(specs));
    let (ended, took) = timed(&mut place.run(&["--grace", "1500ms", &specs]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let waits =
        "waiting for plugin 'specimen', 1.0s at most: the destructor of task 'chameleon-slow-";
    assert!(without_time(&ended.stderr).contains(waits), "{ended:?}");
    // Those of the other task and of the runner come after.
    let cut = "plugin 'specimen': 66 destructors did not end within 1.5s\n";
    assert!(ended.stderr.contains(cut), "{ended:?}");
    assert!(took < CUT_OFF, "{took:?}");
}

#[test]
fn a_sink_that_a_plugin_keeps_is_waited_for_for_five_seconds_and_with_a_word() {
    let place = Place::with(&["specimen"]);
    let mut exec = place.exec(&["--", "keep-sink"]);
    let (ended, took) = timed(&mut exec);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let waits = "warning: waiting for the output of slot 'exec', chameleon-exec-1, 5.0s at most: the \
                 plugin keeps its sink though the task is over\n";
    assert!(ended.stderr.starts_with(waits), "{ended:?}");
    assert!(took < CUT_OFF, "{took:?}");
}

#[test]
fn a_task_that_does_not_end_when_it_is_told_to_is_waited_for_with_a_word() {
    let place = Place::with(&["subprocess"]);
    let script = "trap '' TERM INT; echo here; while :; do sleep 1; done";
    let specs = place.file("specs.json", shell("a", script));
    let words = [
        "--grace",
        "2s",
        "--config",
        "subprocess.stop_grace_ms=3600000",
    ];
    let running = Running::start(place.run(&words).arg(&specs));
    assert_eq!(running.line(), "a │ here");
    running.signal(rustix::process::Signal::TERM);
    let (code, stderr) = running.end();
    let waits = "warning: waiting for 1 task to end, 2.0s at most: ";
    assert!(stderr.contains(waits), "{stderr}");
    assert_eq!(code, Some(143));
}
