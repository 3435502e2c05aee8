//! A plugin that would end the host, or hang it, is rejected with the cause by name, and the good
//! one beside it is loaded. The host is a process of its own, so that a mistake shows as its death.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use assert_cmd::assert::OutputAssertExt as _;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::{Value, json};
use solti_plugin_host::{PluginLoader, Probe, RunnerRouter};
use tempfile::TempDir;

use crate::support;

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
        let bytes = e2e::hostile(harm);
        fs::write(self.0.path().join(format!("{name}.so")), bytes).unwrap();
        self
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// A host loads the directory.
    fn list(&self, words: &[&str]) -> Said {
        self.say("list", words)
    }

    /// A host tries the directory and loads nothing itself.
    fn check(&self) -> Said {
        self.say("check", &[])
    }

    fn say(&self, command: &str, words: &[&str]) -> Said {
        let mut host = Command::new(e2e::solti_host());
        host.args([command, "--json", "--probe-time", LIMIT])
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

    /// Both plugins passed their probes.
    fn assert_all_passed(&self) {
        assert_eq!(self.report["rejected"], json!([]));
        let passed = self.report["passed"].as_array().unwrap();
        let results: Vec<_> = passed
            .iter()
            .map(|passed| (&passed["plugin"], &passed["probe"]["result"]))
            .collect();
        assert_eq!(
            results,
            [
                (&json!("hostile"), &json!("passed")),
                (&json!("hello"), &json!("passed")),
            ]
        );
        assert_eq!(self.code, Some(0), "{}", self.stderr);
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
    for harm in ["sleep", "spin", "root-hang", "leave-group"] {
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
fn a_plugin_knows_that_it_is_only_tried_out() {
    let place = Place(support::directory_with(&["hello", "specimen"]));
    let config = "specimen.fail_in_probe=true";
    let said = place.list(&["--config", config]);
    said.assert_hello_loaded();
    assert_eq!(said.reasons(), ["told to fail in a probe"]);
    let said = place.list(&["--config", config, "--no-probe"]);
    assert_eq!(said.reasons(), [""; 0]);
}

#[test]
fn threads_talk_and_destructors_of_a_plugin_are_no_reason_to_reject_it() {
    for harm in ["none", "thread", "print", "destructor"] {
        Place::new()
            .with("a-hostile", harm)
            .check()
            .assert_all_passed();
    }
}

#[test]
fn a_destructor_that_crashes_does_not_turn_the_hosts_success_into_a_death() {
    let place = Place::new().with("a-hostile", "destructor");
    let said = place.list(&[]);
    said.assert_hello_loaded();
    assert_eq!(said.report["loaded"].as_array().unwrap().len(), 2);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
}

#[test]
fn a_probe_gets_neither_the_hosts_secrets_nor_its_limits() {
    let place = Place::new();
    let file = place.path().join("report");
    let place = place.with("a-hostile", &format!("report:{}", file.display()));
    let mut host = Command::new(e2e::solti_host());
    host.args([
        "check",
        "--json",
        "--probe-time",
        "7s",
        "--probe-memory",
        "1500",
    ])
    .arg(place.path())
    .env("TOKEN", "secret")
    .env("LD_BIND_NOW", "1");
    let output = host.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report = fs::read_to_string(file).unwrap();
    let limit = |name: &str| {
        let line = report.lines().find(|line| line.starts_with(name)).unwrap();
        let values = line[name.len()..].split_whitespace().take(2);
        values.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(limit("Max cpu time"), "7 8");
    assert_eq!(limit("Max core file size"), "0 0");
    assert_eq!(limit("Max address space"), "1572864000 1572864000");
    assert_eq!(limit("Max open files"), "1024 1024");
    let (_, variables) = report.split_once("\n\n").unwrap();
    assert!(variables.lines().any(|name| name == "PATH"), "{variables}");
    for name in ["TOKEN", "LD_BIND_NOW", "CARGO"] {
        assert!(!variables.lines().any(|other| other == name), "{name}");
    }
}

#[test]
fn what_the_systems_loader_says_in_a_probe_has_its_own_code_and_advice() {
    let place = Place::new();
    let good = fs::read(e2e::plugin("hello")).unwrap();
    let magic = b"abi stable library for Rust";
    for (name, from, to) in [
        ("a", &b"\0eventfd\0"[..], &b"\0eventfx\0"[..]),
        ("b", &magic[..], &b"abi stable library for Dust"[..]),
    ] {
        let bytes = support::replaced(&good, from, to);
        assert!(bytes != good, "{name}");
        fs::write(place.path().join(format!("{name}.so")), bytes).unwrap();
    }
    let said = place.list(&[]);
    said.assert_hello_loaded();
    let rejected = said.report["rejected"].as_array().unwrap();
    // Symbols are resolved before anything runs: a missing one would else end a task and its host.
    assert_eq!(rejected[0]["code"], "refused_by_system");
    let reason = rejected[0]["reason"].as_str().unwrap();
    let begins = "the system cannot load it: undefined symbol: eventfx";
    let ends = "; link the library that has the symbol into the plugin";
    assert!(
        reason.starts_with(begins) && reason.ends_with(ends),
        "{reason}"
    );
    assert_eq!(
        rejected[0]["advice"],
        "link the library that has the symbol into the plugin"
    );
    assert_eq!(rejected[1]["code"], "bad_root_module");
    let reason = rejected[1]["reason"].as_str().unwrap();
    let begins = "its root module cannot be used: ";
    assert!(reason.starts_with(begins), "{reason}");
    assert_eq!(rejected.len(), 2);
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
    let said = place.check();
    // It would be there for a minute.
    assert!(began.elapsed() < Duration::from_secs(40));
    said.assert_all_passed();
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

#[test]
fn what_probes_found_is_kept_across_restarts_until_it_is_forgotten_or_the_file_is_built_anew() {
    let place = Place::new().with("a-hostile", "abort");
    let state = tempfile::tempdir().unwrap();
    let state = state.path().to_str().unwrap();
    let list = || place.list(&["--state", state]);
    let crashed = "loading it ended a probe process with SIGABRT: get a fixed build of it";
    assert_eq!(list().reasons(), [crashed]);

    let said = list();
    let reason = &said.reasons()[0];
    let begins = format!("{crashed} (found at 2");
    assert!(reason.starts_with(&begins), "{reason}");
    assert_eq!(said.report["rejected"][0]["code"], "remembered");
    assert_eq!(said.report["loaded"][0]["probe"]["result"], "remembered");

    let file = place.path().join("a-hostile.so");
    let digest = &said.report["rejected"][0]["sha256"];
    let digest = digest.as_str().unwrap();
    let forgot = format!("forgot hostile 0.1.0, sha256 {digest}: {crashed}\n");
    let shown = file.to_str().unwrap();
    assert_eq!(forget(state, &[shown]), (forgot.clone(), String::new(), 0));
    assert_eq!(list().reasons(), [crashed]);
    assert_eq!(forget(state, &[&digest[..8]]), (forgot, String::new(), 0));
    let nothing = format!("warning: nothing was remembered of {shown}\n");
    assert_eq!(forget(state, &[shown]), (String::new(), nothing, 1));

    // All that is left is that the good one passed.
    let (stdout, stderr, code) = forget(state, &[]);
    assert!(
        stdout.starts_with("forgot hello 0.1.0, sha256 "),
        "{stdout}"
    );
    assert!(stdout.ends_with(": it passed\n"), "{stdout}");
    assert_eq!((stdout.lines().count(), stderr.as_str(), code), (1, "", 0));
    let nothing = format!("warning: nothing was remembered in {state}\n");
    assert_eq!(forget(state, &[]), (String::new(), nothing, 0));

    // Another file of that name is another digest.
    list();
    let place = place.with("a-hostile", "none");
    let said = place.list(&["--state", state]);
    assert_eq!(said.report["rejected"], json!([]));
    assert_eq!(said.report["loaded"][0]["probe"]["result"], "passed");
}

#[test]
fn a_state_that_cannot_be_read_is_ignored_with_a_warning() {
    let place = Place::new();
    let state = tempfile::tempdir().unwrap();
    let words = ["--state", state.path().to_str().unwrap()];
    place.list(&words);
    let kept: Vec<_> = fs::read_dir(state.path().join("probes"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(kept.len(), 1);
    let good = fs::read_to_string(&kept[0]).unwrap();
    let mut future: Value = serde_json::from_str(&good).unwrap();
    future["at"]["secs_since_epoch"] = json!(300_000_000_000_u64);
    let write = |text: &str| fs::write(&kept[0], text).unwrap();
    let fifo = || {
        fs::remove_file(&kept[0]).unwrap();
        let made = Command::new("mkfifo").arg(&kept[0]).status().unwrap();
        assert!(made.success());
    };
    let unreadable: [(&dyn Fn(), _); 3] = [
        (&|| write("{"), "EOF while parsing"),
        (
            &|| write(&future.to_string()),
            "it says that it is of the future",
        ),
        (&fifo, "it is no regular file"),
    ];
    for (spoil, why) in unreadable {
        spoil();
        let said = place.list(&words);
        assert_eq!(said.report["loaded"][0]["probe"]["result"], "passed");
        let warning = format!("{} is ignored: {why}", kept[0].display());
        assert!(said.stderr.contains(&warning), "{}", said.stderr);
        // It was written anew.
        let said = place.list(&words);
        assert_eq!(said.report["loaded"][0]["probe"]["result"], "remembered");
    }
}

#[test]
fn what_to_forget_has_to_be_a_file_or_a_digest() {
    let state = tempfile::tempdir().unwrap();
    let state = state.path().to_str().unwrap();
    let (_, stderr, code) = forget(state, &["/no/such/file.so"]);
    assert_eq!(
        (stderr.as_str(), code),
        (
            "error: /no/such/file.so: neither a file nor the digest of one, of which 8 digits are \
             enough\n",
            2
        )
    );
}

/// `solti-host forget` with these words: what it prints, and its exit code.
fn forget(state: &str, words: &[&str]) -> (String, String, i32) {
    let mut host = Command::new(e2e::solti_host());
    host.args(["forget", "--state", state]).args(words);
    let output = assert_cmd::Command::from_std(host)
        .timeout(SOON)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    (text(output.stdout), text(output.stderr), code)
}

#[test]
fn a_helper_that_is_no_probe_is_an_error_and_no_pass() {
    let directory = support::directory_with(&["hello"]);
    for (program, expected) in [
        (
            "/bin/true",
            "the probe program /bin/true did not answer: its main has to begin with \
             solti_plugin_host::probe_main()",
        ),
        (
            "/bin/echo",
            "the probe program /bin/echo did not answer: its main has to begin with \
             solti_plugin_host::probe_main()",
        ),
        (
            "/no/such/program",
            "the probe program /no/such/program could not be run: \
             No such file or directory (os error 2): name a program that can be run",
        ),
    ] {
        // A limit of its own: with that of another test, what that has found would be remembered.
        let loader = PluginLoader::new()
            .probe_with(program)
            .probe_time(Duration::from_secs(9));
        let report = loader
            .load_dir(directory.path(), &mut RunnerRouter::new())
            .unwrap();
        assert!(report.loaded().is_empty(), "{report}");
        assert_eq!(report.rejected()[0].error.to_string(), expected);
    }
}

#[test]
fn a_probe_that_is_not_up_in_time_is_not_taken_for_a_program_that_is_none() {
    let directory = support::directory_with(&["hello"]);
    let loader = PluginLoader::new()
        .probe_with(e2e::solti_host())
        .probe_time(Duration::from_micros(10));
    let report = loader.check(directory.path()).unwrap();
    assert_eq!(
        report.rejected[0].error.to_string(),
        format!(
            "the probe program {} did not answer within 10µs: allow the probe more time, or name a \
             program whose main begins with solti_plugin_host::probe_main()",
            e2e::solti_host().display()
        )
    );
}

#[test]
fn a_host_that_may_open_few_files_probes_all_the_same() {
    let place = Place::new();
    let output = Command::new("sh")
        .args(["-c", "ulimit -n 40; exec \"$0\" check --json \"$1\""])
        .arg(e2e::solti_host())
        .arg(place.path())
        .env_remove("SOLTI_STATE")
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["passed"][0]["probe"]["result"], "passed", "{report}");
}

#[test]
fn a_plugin_that_does_not_fit_into_the_limit_is_told_of_the_limit() {
    let directory = support::directory_with(&["hello"]);
    let loader = PluginLoader::new()
        .probe_with(e2e::solti_host())
        .probe_memory(1 << 20);
    let report = loader.check(directory.path()).unwrap();
    assert_eq!(
        report.rejected[0].error.to_string(),
        "needed more than 1 MiB of memory: get a fixed build of it, or allow the probe more memory"
    );
}

#[test]
fn a_staging_directory_whose_name_is_no_text_is_one_like_any_other() {
    let place = Place::new();
    let copies = place.path().join(OsStr::from_bytes(b"st\xff"));
    fs::create_dir(&copies).unwrap();
    // A limit of its own: what another test has found out would be remembered.
    let loader = PluginLoader::new()
        .probe_with(e2e::solti_host())
        .probe_time(Duration::from_secs(11))
        .stage_in(&copies);
    let report = loader.check(place.path()).unwrap();
    assert!(matches!(report.passed[0].probe, Probe::Passed { .. }));
}

#[test]
fn a_library_user_can_name_a_helper_and_can_switch_the_probe_off() {
    let directory = support::directory_with(&["hello"]);
    let probe = |loader: PluginLoader| {
        let mut router = RunnerRouter::new();
        let report = loader.load_dir(directory.path(), &mut router).unwrap();
        report.loaded()[0].probe.clone()
    };
    let with_helper = PluginLoader::new().probe_with(e2e::solti_host());
    assert!(matches!(probe(with_helper.clone()), Probe::Passed { .. }));
    let reason = "switched off";
    assert_eq!(
        probe(with_helper.without_probe()),
        Probe::NotProbed { reason }
    );
}
