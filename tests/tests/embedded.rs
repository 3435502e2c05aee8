//! A program that embeds the host: its `main` begins with `probe_main()`, so it probes plugins by
//! itself. It is no program of the test harness, whose `main` begins otherwise.

#![allow(clippy::unwrap_used, reason = "all of it is tests")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use e2e::PLUGIN_SUFFIX;
use solti_plugin_host::probe::{ProbeOutcome, forget_probes};
use solti_plugin_host::{LoadReport, PluginLoader, RunnerRouter, Stage, probe_main};

fn main() {
    let before_probe_main = loader_without_program();
    assert!(matches!(before_probe_main, ProbeOutcome::NotProbed { .. }));
    probe_main();
    a_program_that_calls_probe_main_probes_plugins_by_itself();
    probes_leave_no_descriptor_and_no_process_behind();
    println!("the program of its own probes plugins: ok");
}

/// A main that has not called `probe_main` yet must not be started as a probe.
fn loader_without_program() -> ProbeOutcome {
    // As a probe this is the one place where the program could go wrong: it would load plugins
    // again and again.
    if std::env::args().any(|argument| argument.starts_with("--solti")) {
        probe_main();
    }
    let directory = tempfile::tempdir().unwrap();
    e2e::install("hello", directory.path(), "hello");
    let report = load(&PluginLoader::new(), directory.path());
    let probe = report.loaded()[0].probe.clone();
    let reason = "the host's main does not begin with probe_main(), and it names no probe program";
    assert_eq!(probe, ProbeOutcome::NotProbed { reason });
    probe
}

fn a_program_that_calls_probe_main_probes_plugins_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    e2e::install("hello", directory.path(), "hello");
    write_hostile(directory.path(), "abort", "abort");
    let report = load(&PluginLoader::new(), directory.path());
    assert!(matches!(
        report.loaded()[0].probe,
        ProbeOutcome::Passed { .. }
    ));
    assert_eq!(
        report.rejected()[0].to_string(),
        "abort.so: rejected at probe: the probe process was killed by signal 6 (SIGABRT): \
         install a fixed version of the plugin"
    );
    // The same bytes are not tried again, until they are forgotten.
    let again = load(&PluginLoader::new(), directory.path());
    assert!(matches!(
        again.loaded()[0].probe,
        ProbeOutcome::Remembered { .. }
    ));
    let reason = again.rejected()[0].to_string();
    assert!(
        reason.contains("by signal 6 (SIGABRT) (found at 2"),
        "{reason}"
    );
    assert!(
        reason.ends_with(
            "Z): install a fixed version of the plugin, or have it probed again (probe::forget_probes)"
        ),
        "{reason}"
    );
    assert_eq!(
        forget_probes(None, |probe| probe.plugin == "hello")
            .unwrap()
            .len(),
        1
    );
    let third = load(&PluginLoader::new(), directory.path());
    assert!(matches!(
        third.loaded()[0].probe,
        ProbeOutcome::Passed { .. }
    ));
    // Nor is another configuration the same.
    let other = PluginLoader::new().probe_time(Duration::from_secs(7));
    let fourth = load(&other, directory.path());
    assert!(matches!(
        fourth.loaded()[0].probe,
        ProbeOutcome::Passed { .. }
    ));
}

fn probes_leave_no_descriptor_and_no_process_behind() {
    let directory = tempfile::tempdir().unwrap();
    let harms = [
        "none", "abort", "exit", "garbage", "close", "sleep", "thread", "segv", "kill",
    ];
    for harm in harms {
        write_hostile(directory.path(), harm, harm);
    }
    let check = |round: u64| {
        // A limit of its own makes each round one that is not remembered.
        let loader = PluginLoader::new().probe_time(Duration::from_millis(2000 + round));
        let report = loader.check(directory.path()).unwrap();
        let at_probe = report
            .rejected()
            .iter()
            .filter(|rejected| rejected.error.stage() == Stage::Probe);
        // All but `none` and `thread`, which have one name.
        assert_eq!(
            (at_probe.count(), report.passed().len()),
            (harms.len() - 2, 1)
        );
    };
    check(0);
    let (descriptors, children, threads) = left();
    for round in 0..e2e::times(4, 12) {
        check(1 + round as u64);
    }
    assert_eq!(left(), (descriptors, children, threads));
    assert_eq!(children, 0);
}

/// Descriptors, children and threads of this process, once nothing of them has changed for a while:
/// the system still lists a thread for a moment that has ended and was waited for.
fn left() -> (usize, usize, usize) {
    let mut last = left_now();
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let now = left_now();
        if now == last {
            return now;
        }
        last = now;
    }
}

fn left_now() -> (usize, usize, usize) {
    let count = |path: &str| fs::read_dir(path).unwrap().count();
    let threads = fs::read_dir("/proc/self/task").unwrap();
    let children = threads.map(|thread| {
        let children = thread.unwrap().path().join("children");
        fs::read_to_string(children)
            .unwrap_or_default()
            .split_whitespace()
            .count()
    });
    (
        count("/proc/self/fd"),
        children.sum(),
        count("/proc/self/task"),
    )
}

fn load(loader: &PluginLoader, directory: &Path) -> LoadReport {
    loader
        .load_dir(directory, &mut RunnerRouter::new())
        .unwrap()
}

/// Writes a copy of the hostile plugin that does this harm.
fn write_hostile(directory: &Path, name: &str, harm: &str) {
    let file = directory.join(format!("{name}.{PLUGIN_SUFFIX}"));
    fs::write(file, e2e::hostile(harm)).unwrap();
}
