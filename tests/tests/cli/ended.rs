//! A plugin, or the machine, that would end the program in a way of its own.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{Ended, Place, Running, SOON, command, end, shell, solti_host};

const EXITED: &str = "error: hostile.so has ended this program: the plugin called exit, which no \
                      plugin may\n";

/// A directory with a plugin that does this harm.
fn hostile(harm: &str) -> Place {
    let place = Place::with(&[]);
    let file = place.plugins().join("hostile.so");
    std::fs::write(file, e2e::hostile(harm)).unwrap();
    place
}

/// Waits until a program hears of SIGTERM.
fn wait_for_handler(program: u32) {
    let began = Instant::now();
    while crate::signals(program, "SigCgt:") >> (Signal::TERM.as_raw() - 1) & 1 == 0 {
        assert!(began.elapsed() < SOON, "it hears of no signal");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

fn exec_true(place: &Place) -> Ended {
    let began = Instant::now();
    let ended = end(&mut place.exec(&["--", "true"]));
    assert!(began.elapsed() < SOON, "{ended:?}");
    ended
}

/// `exec … && deploy` must not go on.
#[test]
fn a_task_that_calls_exit_is_no_success() {
    for harm in ["in-task:exit", "in-task:exit-in-thread"] {
        let ended = exec_true(&hostile(harm));
        assert_eq!(ended.code, Some(125), "{ended:?}");
        assert!(ended.stderr.contains(EXITED), "{ended:?}");
    }
}

#[test]
fn a_constructor_that_calls_exit_in_the_host_alone_is_no_success() {
    let place = hostile("exit");
    let mut list = solti_host();
    list.args(["list", "--no-probe"]).arg(place.plugins());
    let ended = end(&mut list);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains(EXITED), "{ended:?}");
}

/// What others have written is written, and so are the files that were asked for.
#[test]
fn a_run_that_a_plugin_ends_has_its_output_its_summary_and_its_metrics() {
    let place = hostile("in-task:exit");
    e2e::install("subprocess", &place.plugins(), "1-subprocess");
    let sidecar = place.plugins().join("hostile.toml");
    std::fs::write(sidecar, "[labels]\nhostile = \"yes\"\n").unwrap();
    let mut harm = command("b", "true", &[]);
    harm["runnerSelector"] = json!({ "matchLabels": { "hostile": "yes" } });
    harm["admission"] = json!("queue");
    let first = shell("b", "echo written; sleep 0.2");
    let specs = place.file("specs.json", json!([first, harm, shell("c", "sleep 60")]));
    let file = |name: &str| -> PathBuf { place.directory.path().join(name) };
    let mut run = place.run(&["--json", &specs]);
    run.arg("--summary").arg(file("summary"));
    run.arg("--metrics").arg(file("metrics"));
    let ended = end(&mut run);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains(EXITED), "{ended:?}");
    assert!(ended.stdout.contains("written"), "{ended:?}");
    let summary = std::fs::read_to_string(file("summary")).unwrap();
    let summary: Value = serde_json::from_str(&summary).unwrap();
    let outcomes: Vec<_> = summary["tasks"].as_array().unwrap().iter().collect();
    assert_eq!(outcomes[0]["outcome"], "success", "{summary}");
    assert_eq!(outcomes[1]["outcome"], "canceled", "{summary}");
    assert_eq!(outcomes[2]["outcome"], "canceled", "{summary}");
    assert!(file("metrics").exists());
}

/// The program hears of no signal then: its runtime has lost what wakes it.
#[test]
fn a_second_signal_ends_a_program_whose_descriptors_a_plugin_has_closed() {
    let place = hostile("in-task:close-all-and-sleep");
    let specs = place.file("specs.json", command("a", "true", &[]));
    let mut running = Running::start(&mut place.run(&[&specs]));
    wait_for_handler(running.child.id());
    let descriptors = format!("/proc/{}/fd", running.child.id());
    let began = Instant::now();
    while std::fs::read_dir(&descriptors).unwrap().count() > 3 {
        assert!(began.elapsed() < SOON, "it closes them");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    running.signal(Signal::TERM);
    running.signal(Signal::TERM);
    let began = Instant::now();
    let code = loop {
        if let Some(status) = running.child.try_wait().unwrap() {
            break status.code().ok_or(status);
        }
        assert!(began.elapsed() < SOON, "it does not end");
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    // Where the runtime finds that it has lost something it panics, which ends the program before; and
    // with checks, which a shipped program has not, the standard library ends it by SIGABRT.
    assert!(matches!(code, Ok(143 | 1) | Err(_)), "{code:?}");
}

/// `nohup solti-host run …` goes on when its terminal is gone.
#[test]
fn a_hangup_that_was_ignored_at_the_start_stays_ignored() {
    let place = Place::with(&["subprocess"]);
    let specs = place.file("specs.json", shell("a", "echo begun; sleep 1; echo done"));
    let run = place.run(&[&specs]);
    let mut ignoring = Command::new("sh");
    ignoring.args(["-c", "trap '' HUP; exec \"$@\"", "sh"]);
    ignoring.arg(run.get_program()).args(run.get_args());
    let running = Running::start(&mut ignoring);
    assert_eq!(running.line(), "a │ begun");
    running.signal(Signal::HUP);
    assert_eq!(running.line(), "a │ done");
    let (code, stderr) = running.end();
    assert_eq!(code, Some(0), "{stderr}");
}

/// As in `solti-host run … 2>&1 | less`: what is said at the end finds no room either.
#[test]
fn a_reader_of_both_outputs_that_takes_nothing_does_not_keep_the_program_from_ending() {
    let place = Place::with(&["subprocess"]);
    let specs = place.file("specs.json", shell("a", "yes | head -c 3000000; sleep 60"));
    let (reader, writer) = std::io::pipe().unwrap();
    let mut run = place.run(&["--grace", "200ms", &specs]);
    run.stdout(writer.try_clone().unwrap()).stderr(writer);
    let mut child = run.spawn().unwrap();
    // The command no longer holds the other ends of the pipe.
    drop(run);
    wait_for_handler(child.id());
    // The pipe is full by then.
    std::thread::sleep(std::time::Duration::from_secs(1));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    let began = Instant::now();
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code().ok_or(status);
        }
        if began.elapsed() > SOON {
            child.kill().unwrap();
            panic!("it does not end");
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    };
    assert_eq!(code, Ok(143));
    drop(reader);
}
