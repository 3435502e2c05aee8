//! A program that embeds the host: its `main` begins with `probe_main()`, so it probes plugins by
//! itself. It is no program of the test harness, whose `main` begins otherwise.

#![allow(clippy::unwrap_used, reason = "all of it is tests")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use e2e::PLUGIN_SUFFIX;
use solti_model::{Flag, SubprocessMode, SubprocessSpec, TaskEnv, TaskKind, TaskSpec};
use solti_plugin_host::probe::{ProbeOutcome, forget_probes};
use solti_plugin_host::{LoadReport, PluginLoader, RunnerRouter, Stage, probe_main};
use tokio_util::sync::CancellationToken;

fn main() {
    if let [_, role, main, directory] = &std::env::args().collect::<Vec<_>>()[..]
        && role == AS_HOST
    {
        run_a_task(main == WITH_PROBE_MAIN, Path::new(directory));
    }
    let before_probe_main = loader_without_program();
    assert!(matches!(before_probe_main, ProbeOutcome::NotProbed { .. }));
    probe_main();
    a_program_that_calls_probe_main_probes_plugins_by_itself();
    probes_leave_no_descriptor_and_no_process_behind();
    #[cfg(target_os = "linux")]
    tasks_of_a_program_that_is_killed_go_with_it_where_its_main_calls_probe_main();
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

/// The first argument of this program as a host that runs a task until it is killed. The second tells
/// whether its `main` calls `probe_main`, the third is where its plugins are and its task says who it is.
const AS_HOST: &str = "as-host";
const WITH_PROBE_MAIN: &str = "with-probe-main";

fn run_a_task(calls_probe_main: bool, directory: &Path) -> ! {
    if calls_probe_main {
        probe_main();
    }
    let mut router = RunnerRouter::new();
    PluginLoader::new()
        .load_dir(directory, &mut router)
        .unwrap();
    // What is there has been written as a whole.
    let script = "echo $$ > $0/written; mv $0/written $0/process; exec sleep 619";
    let directory = directory.display().to_string();
    let kind = TaskKind::Subprocess(SubprocessSpec {
        mode: SubprocessMode::Command {
            command: "sh".to_owned(),
            args: ["-c", script, &directory].map(str::to_owned).to_vec(),
        },
        env: TaskEnv::default(),
        cwd: None,
        fail_on_non_zero: Flag::enabled(),
    });
    let spec = TaskSpec::builder("s", kind, 60_000_u64).build().unwrap();
    let task = router.build(&spec).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let end = runtime.block_on(task.spawn(CancellationToken::new()));
    panic!("it was to be killed: {end:?}");
}

#[cfg(target_os = "linux")]
fn tasks_of_a_program_that_is_killed_go_with_it_where_its_main_calls_probe_main() {
    for (main, lives_on) in [(WITH_PROBE_MAIN, false), ("without", true)] {
        let directory = tempfile::tempdir().unwrap();
        e2e::install("subprocess", directory.path(), "subprocess");
        let mut host = std::process::Command::new(std::env::current_exe().unwrap())
            .args([AS_HOST, main])
            .arg(directory.path())
            .spawn()
            .unwrap();
        let told = directory.path().join("process");
        until("the task begins", || told.exists());
        host.kill().unwrap();
        host.wait().unwrap();
        let number: u32 = fs::read_to_string(told).unwrap().trim().parse().unwrap();
        let is_there =
            || fs::read(format!("/proc/{number}/cmdline")).is_ok_and(|it| !it.is_empty());
        if lives_on {
            std::thread::sleep(Duration::from_millis(500));
            assert!(is_there());
            let process = rustix::process::Pid::from_raw(number.cast_signed()).unwrap();
            rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
        }
        until("the task is gone", || !is_there());
    }
}

#[cfg(target_os = "linux")]
fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
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
