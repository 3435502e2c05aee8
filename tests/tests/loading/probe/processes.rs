//! Plugins that leave processes behind.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
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

#[test]
fn a_plugin_that_stops_or_kills_its_parent_does_not_reach_the_host() {
    for harm in ["stop-parent", "kill-parent"] {
        let place = Place::new().with("a-hostile", harm);
        let run = place.check();
        // Where the system lets no signal out, nothing has happened; elsewhere the process between was
        // stopped, or is no more.
        let passed = run.report["passed"].as_array().unwrap().len();
        let refused = run.reasons().len();
        assert!(
            refused <= 1 && passed + refused == 2,
            "{harm}: {:?}",
            run.report
        );
    }
}

/// What an author finds out of the host: the process between has nothing, and no other is reached.
#[cfg(target_os = "linux")]
#[test]
fn a_plugin_reads_nothing_of_the_host_and_sends_it_no_signal() {
    let place = Place::new();
    let file = place.path().join("report");
    let environment = place.path().join("report.environment");
    let place = place.with("a-hostile", &format!("reach-parents:{}", file.display()));
    let mut host = Command::new(e2e::solti_host());
    host.args(["check", "--json"]).arg(place.path());
    let mut host = host
        .env("TOKEN", "secret")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let number = host.id();
    assert!(host.wait().unwrap().success());
    let report = fs::read_to_string(file).unwrap();
    let lines: Vec<_> = report.lines().collect();
    let [between, above] = lines[..] else {
        panic!("{report}");
    };
    assert!(!between.starts_with(&format!("{number} ")), "{report}");
    assert!(above.starts_with(&format!("{number} ")), "{report}");
    // The process between has nothing of the host's.
    assert!(!fs::read_to_string(environment).unwrap().contains("secret"));
    if !signals_can_be_kept_in() {
        e2e::skip("this system has no Landlock that keeps signals in");
        return;
    }
    for line in lines {
        assert!(line.ends_with(" signal=false environment=-1"), "{report}");
    }
}

/// Whether the system is Linux 6.12 or later, with Landlock.
#[cfg(target_os = "linux")]
fn signals_can_be_kept_in() -> bool {
    let version = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = version
        .split(['.', '-'])
        .map_while(|n| n.parse::<u32>().ok());
    let version = (numbers.next(), numbers.next());
    let modules = fs::read_to_string("/sys/kernel/security/lsm");
    version >= (Some(6), Some(12)) && modules.map_or(true, |names| names.contains("landlock"))
}

#[cfg(target_os = "linux")]
#[test]
fn a_host_that_was_started_to_ignore_children_probes_all_the_same() {
    let place = Place::new().with("a-hostile", "none");
    let mut env = Command::new("env");
    env.arg("--ignore-signal=CHLD")
        .arg(e2e::solti_host())
        .args(["list", "--json"])
        .arg(place.path());
    let output = env.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
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
