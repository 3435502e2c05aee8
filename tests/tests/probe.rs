//! A plugin that would end the host, or hang it, is rejected with the cause by name, and the good
//! one beside it is loaded. The host is a process of its own, so that a mistake shows as its death.

#![allow(clippy::unwrap_used, reason = "all of it is tests")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use assert_cmd::assert::OutputAssertExt as _;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long a host may take with a directory.
const SOON: Duration = Duration::from_secs(120);

/// How long a probe may take in these tests; half a second off what is counted in whole ones.
const LIMIT: &str = "2500ms";

/// A directory with the plugin `hello` and copies of the hostile one.
struct Place(TempDir);

/// What a host said of it.
struct Said {
    report: Value,
    code: Option<i32>,
    stderr: String,
}

impl Place {
    fn new() -> Self {
        Self(support::directory_with(&["hello"]))
    }

    /// Adds a plugin that does this harm.
    fn with(self, name: &str, harm: &str) -> Self {
        let good = fs::read(e2e::plugin("hostile")).unwrap();
        let mark = |harm: &str| {
            let mut mark = format!("HOSTILE={harm}").into_bytes();
            mark.resize(160, 0);
            mark
        };
        let bytes = support::replaced(&good, &mark("none"), &mark(harm));
        assert!(harm == "none" || bytes != good, "the mark is not there");
        fs::write(self.0.path().join(format!("{name}.so")), bytes).unwrap();
        self
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// A host lists the directory.
    fn list(&self, words: &[&str]) -> Said {
        let mut host = Command::new(e2e::solti_host());
        host.args(["list", "--json", "--probe-time", LIMIT])
            .args(words)
            .arg(self.path())
            .env_remove("SOLTI_STATE")
            .env_remove("RUST_LOG");
        let output = assert_cmd::Command::from_std(host)
            .timeout(SOON)
            .output()
            .unwrap();
        let code = output.status.code();
        let assert = output.assert();
        let output = assert.get_output();
        let stderr = String::from_utf8(output.stderr.clone()).unwrap();
        let report = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|err| panic!("{err}, the host ended with {code:?}: {stderr}"));
        Said {
            report,
            code,
            stderr,
        }
    }

    /// A host rejects the one plugin that does `harm`, and loads the good one. Returns why.
    fn rejected(harm: &str) -> String {
        let said = Self::new().with("a-hostile", harm).list(&[]);
        said.assert_hello_loaded();
        assert_eq!(said.code, Some(1));
        assert_eq!(said.reasons().len(), 1, "{}", said.report);
        said.reasons().remove(0)
    }

    /// A host loads the plugin that does `harm`.
    fn loaded(harm: &str) {
        let said = Self::new().with("a-hostile", harm).list(&[]);
        said.assert_hello_loaded();
        assert_eq!(said.report["rejected"], json!([]));
        assert_eq!(said.report["loaded"][0]["plugin"], "hostile");
        assert_eq!(said.code, Some(0), "{}", said.stderr);
    }
}

impl Said {
    fn assert_hello_loaded(&self) {
        let loaded = self.report["loaded"].as_array().unwrap();
        assert!(
            loaded.iter().any(|plugin| plugin["plugin"] == "hello"),
            "{}",
            self.report
        );
    }

    /// Why plugins were rejected by their probes.
    fn reasons(&self) -> Vec<String> {
        let rejected = self.report["rejected"].as_array().unwrap();
        rejected
            .iter()
            .map(|rejected| {
                assert_eq!(rejected["stage"], "probe", "{rejected}");
                rejected["reason"].as_str().unwrap().to_owned()
            })
            .collect()
    }
}

#[test]
fn a_plugin_that_ends_its_process_is_rejected_by_the_signal_or_exit_code() {
    let by_signal =
        |signal| format!("loading it ended a probe process with {signal}: get a fixed build of it");
    let by_exit =
        "ended the process with exit code 0 before it was connected: get a fixed build of it";
    for (harm, expected) in [
        ("abort", by_signal("SIGABRT")),
        ("segv", by_signal("SIGSEGV")),
        ("kill", by_signal("SIGKILL")),
        ("term-group", by_signal("SIGTERM")),
        ("exit", by_exit.to_owned()),
        ("exit-now", by_exit.to_owned()),
        ("exec", by_exit.to_owned()),
    ] {
        assert_eq!(Place::rejected(harm), expected, "{harm}");
    }
}

#[test]
fn a_panic_while_a_library_is_loaded_is_quoted() {
    for (harm, text) in [
        ("panic", "told to panic while it is loaded"),
        ("root-panic", "told to panic in the root module"),
    ] {
        let reason = Place::rejected(harm);
        let begins =
            "loading it ended a probe process with SIGABRT, after it had printed: thread '";
        assert!(reason.starts_with(begins), "{reason}");
        let ends = format!(": / {text}: get a fixed build of it");
        assert!(reason.ends_with(&ends), "{reason}");
    }
}

#[test]
fn a_plugin_that_never_finishes_is_rejected_at_the_limit() {
    for harm in ["sleep", "spin", "root-hang"] {
        assert_eq!(
            Place::rejected(harm),
            "did not finish within 2.5s: get a fixed build of it, or allow the probe more time",
            "{harm}"
        );
    }
}

#[test]
fn a_plugin_that_eats_memory_is_rejected_at_the_limit() {
    assert_eq!(
        Place::rejected("memory"),
        "needed more than 2048 MiB of memory: get a fixed build of it, or allow the probe more \
         memory"
    );
}

#[test]
fn a_plugin_that_closes_descriptors_of_the_host_is_rejected() {
    let reason = Place::rejected("close");
    let begins = "closed or replaced descriptors that are not its own (0, 1, 2, 3, 4, ";
    assert!(reason.starts_with(begins), "{reason}");
    assert_eq!(
        Place::rejected("close-all"),
        "closed descriptors that are not its own, the probe's own among them: \
         get a fixed build of it"
    );
}

#[test]
fn an_answer_that_a_plugin_forges_is_none() {
    for harm in ["garbage", "forge", "forge-and-exit"] {
        assert_eq!(
            Place::rejected(harm),
            "wrote into descriptors that are not its own: get a fixed build of it",
            "{harm}"
        );
    }
}

#[test]
fn a_plugin_that_calls_itself_otherwise_than_its_stamp_is_rejected() {
    let place = Place::new();
    let good = fs::read(e2e::plugin("hostile")).unwrap();
    for (name, from, to) in [
        ("a", "\nplugin=hostile\n", "\nplugin=another\n"),
        ("b", "\nversion=0.1.0\n", "\nversion=0.1.1\n"),
        ("c", "\nrunner=hostile\n", "\nrunner=another\n"),
    ] {
        let bytes = support::replaced(&good, from.as_bytes(), to.as_bytes());
        assert_ne!(bytes, good);
        fs::write(place.path().join(format!("{name}.so")), bytes).unwrap();
    }
    let said = place.list(&[]);
    said.assert_hello_loaded();
    assert_eq!(
        said.reasons(),
        [
            "its stamp says name \"another\", the plugin itself says \"hostile\": build it again",
            "its stamp says version \"0.1.1\", the plugin itself says \"0.1.0\": build it again",
            "its stamp says runners \"another\", the plugin itself says \"hostile\": build it again",
        ]
    );
}

#[test]
fn what_a_constructor_says_of_its_configuration_is_passed_on() {
    let place = Place(support::directory_with(&["hello", "specimen"]));
    let said = place.list(&["--config", "specimen.fail=\"no licence\""]);
    said.assert_hello_loaded();
    assert_eq!(said.reasons(), ["no licence"]);
    let said = place.list(&["--config", "specimen.panic=true"]);
    let reason = &said.reasons()[0];
    let begins = "plugin 'specimen' panicked while it was constructed: \
                  the constructor was told to panic (at ";
    assert!(reason.starts_with(begins), "{reason}");
}

#[test]
fn threads_talk_and_destructors_of_a_plugin_are_no_reason_to_reject_it() {
    for harm in ["none", "thread", "print"] {
        Place::loaded(harm);
    }
}

#[test]
fn a_destructor_that_crashes_does_not_crash_the_probe() {
    // What it does to the host at the host's own end is not the probe's to say.
    let said = Place::new()
        .with("a-hostile", "destructor")
        .list(&["--allow", "hello"]);
    said.assert_hello_loaded();
    assert_eq!(said.code, Some(0), "{}", said.stderr);
}

#[test]
fn without_a_probe_the_same_plugin_ends_the_host() {
    let place = Place::new().with("a-hostile", "exit");
    let mut host = Command::new(e2e::solti_host());
    host.args(["list", "--json", "--no-probe"])
        .arg(place.path());
    let output = assert_cmd::Command::from_std(host)
        .timeout(SOON)
        .output()
        .unwrap();
    // With success: whoever started it would not even know.
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
}

#[test]
fn what_a_plugin_leaves_in_its_process_group_is_ended_with_the_probe() {
    let place = Place::new();
    let file = place.path().join("pid");
    let said = place
        .with("a-hostile", &format!("child-abort:{}", file.display()))
        .list(&[]);
    assert_eq!(said.reasons().len(), 1);
    for pid in pids(&file) {
        wait_for_end(pid);
    }
}

#[test]
fn a_daemon_that_keeps_everything_open_does_not_hold_the_host_up() {
    let place = Place::new();
    let file = place.path().join("pid");
    let began = Instant::now();
    let said = place
        .with("a-hostile", &format!("daemon:{}", file.display()))
        .list(&[]);
    // It would be there for a minute.
    assert!(began.elapsed() < Duration::from_secs(40));
    said.assert_hello_loaded();
    assert_eq!(said.report["rejected"], json!([]));
    let pids = pids(&file);
    assert!(!pids.is_empty());
    for pid in pids {
        kill_process(pid, Signal::KILL).unwrap();
        wait_for_end(pid);
    }
}

/// The processes whose numbers are in a file.
fn pids(file: &PathBuf) -> Vec<Pid> {
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
        assert!(began.elapsed() < SOON, "{pid:?} is still there");
        std::thread::sleep(Duration::from_millis(5));
    }
}
