//! Plugins that leave processes behind.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::place::Place;

#[test]
fn what_a_plugin_leaves_in_its_process_group_is_ended_with_the_probe() {
    let place = Place::new();
    let file = place.path().join("pid");
    let place = place.with("a-hostile", &format!("child-abort:{}", file.display()));
    assert_eq!(place.list(&[]).reasons().len(), 1);
    for pid in pids(&file) {
        wait_for_end(pid);
    }
}

#[test]
fn a_daemon_that_keeps_everything_open_does_not_hold_the_host_up() {
    let place = Place::new();
    let file = place.path().join("pid");
    let place = place.with("a-hostile", &format!("daemon:{}", file.display()));
    let began = Instant::now();
    let run = place.check();
    // It would be there for a minute.
    assert!(began.elapsed() < Duration::from_secs(40));
    run.assert_all_passed();
    let pids = pids(&file);
    assert!(!pids.is_empty());
    for pid in pids {
        kill_process(pid, Signal::KILL).unwrap();
        wait_for_end(pid);
    }
}

/// The processes whose numbers are in a file.
fn pids(file: &Path) -> Vec<Pid> {
    let text = fs::read_to_string(file).unwrap();
    text.lines()
        .map(|line| Pid::from_raw(line.parse().unwrap()).unwrap())
        .collect()
}

/// Waits until a process has ended, whether or not somebody has waited for it.
fn wait_for_end(pid: Pid) {
    let began = Instant::now();
    loop {
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
        let is_zombie = stat.is_ok_and(|stat| stat.contains(") Z "));
        if is_zombie || test_kill_process(pid).is_err() {
            return;
        }
        // Left alone, it would end by itself after a minute.
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{pid:?} is still there"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}
