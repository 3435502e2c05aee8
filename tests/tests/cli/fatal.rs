//! What ends the program in the middle of its work: it says so, and its parent sees a failure.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::{Place, SOON, command, hello, shown};

/// A directory with a plugin that does this harm.
fn hostile(harm: &str) -> Place {
    let place = Place::with(&[]);
    let file = place.plugins().join("hostile.so");
    std::fs::write(file, e2e::hostile(harm)).unwrap();
    place
}

fn output(command: &mut Command) -> Output {
    let began = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > SOON {
            child.kill().unwrap();
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().unwrap()
}

fn last_line(output: &Output) -> String {
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    stderr.lines().last().unwrap_or_default().to_owned()
}

/// The same command with this limit of the shell, and without core files.
fn limited(limit: &str, command: &Command) -> Command {
    let mut limited = Command::new("sh");
    let script = format!("ulimit -c 0; ulimit {limit}; exec \"$@\"");
    limited.args(["-c", &script, "sh"]);
    limited
        .arg(command.get_program())
        .args(command.get_args())
        .env_remove("RUST_LOG");
    limited
}

#[test]
fn a_signal_that_ends_the_program_names_the_plugin_whose_code_ran() {
    const RAN: &str = " in a thread that ran its code";
    const OVERFLOWED: &str = ", as the stack of a thread has overflowed that ran its code";
    for (harm, signal, name, how) in [
        ("segv", Signal::SEGV, "SIGSEGV", RAN),
        ("segv-in-libc", Signal::SEGV, "SIGSEGV", RAN),
        ("overflow", Signal::SEGV, "SIGSEGV", OVERFLOWED),
        ("abort", Signal::ABORT, "SIGABRT", RAN),
        ("pthread-exit", Signal::ABORT, "SIGABRT", RAN),
        ("panic-in-thread-local", Signal::ABORT, "SIGABRT", RAN),
        ("bus", Signal::BUS, "SIGBUS", RAN),
        ("illegal", Signal::ILL, "SIGILL", RAN),
        ("divide", Signal::FPE, "SIGFPE", RAN),
        ("syscall", Signal::SYS, "SIGSYS", RAN),
    ] {
        let place = hostile(&format!("in-task:{harm}"));
        let specs = place.file("specs.json", command("a", "true", &[]));
        for run in [place.exec(&["--", "true"]), place.run(&[&specs])] {
            let output = output(&mut limited("-c 0", &run));
            let number = signal.as_raw();
            let told =
                format!("error: hostile.so has ended this program: signal {number} ({name}){how}");
            // The thread that takes log records may still write one behind it.
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(stderr.lines().any(|line| line == told), "{harm}: {stderr}");
            // 128 and its number to a shell.
            assert_eq!(output.status.signal(), Some(number), "{harm}: {output:?}");
        }
    }
}

#[test]
fn a_constructor_that_a_signal_ends_in_the_host_is_named() {
    let place = hostile("segv");
    let mut list = crate::solti_host();
    list.args(["list", "--no-probe"]).arg(place.plugins());
    let output = output(&mut limited("-c 0", &list));
    assert_eq!(
        last_line(&output),
        "error: hostile.so has ended this program: signal 11 (SIGSEGV) in a thread that ran its code"
    );
    assert_eq!(output.status.signal(), Some(11));
}

/// Someone else's doing is not the plugin's.
#[test]
fn a_fatal_signal_of_another_process_is_blamed_on_that() {
    let place = Place::with(&["subprocess"]);
    let exec = place.exec(&["--", "sh", "-c", "echo $$; exec kill -SEGV $PPID"]);
    let output = output(&mut limited("-c 0", &exec));
    let line = last_line(&output);
    let killer = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(
        line.starts_with("error: this program ends: signal 11 (SIGSEGV) of process "),
        "{line}"
    );
    assert!(killer.is_empty() || line.ends_with(killer.trim()), "{line}");
    assert_eq!(output.status.signal(), Some(11));
}

#[test]
fn memory_that_a_limit_refuses_a_plugin_names_the_limit() {
    let place = hostile("in-task:memory");
    let exec = place.exec(&["--", "true"]);
    let output = output(&mut limited("-v 2000000", &exec));
    let line = last_line(&output);
    let begin = "error: hostile.so has ended this program: signal 6 (SIGABRT) in a thread that ran its \
                 code; of the 1953 MiB of address space that it may use (ulimit -v) it uses 1";
    assert!(line.starts_with(begin), "{line}");
    assert_eq!(output.status.signal(), Some(6));
}

/// As an ordinary user who may have no more than a few processes: the system has no thread for the runtime.
#[test]
fn a_program_that_gets_no_thread_says_so_and_ends() {
    let place = Place::with(&["hello"]);
    let specs = place.file("specs.json", hello("a", "you"));
    for directory in [place.directory.path(), &place.plugins()] {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    // Where it was built may be nobody's business but the builder's.
    let host = place.directory.path().join("solti-host");
    std::fs::copy(e2e::solti_host(), &host).unwrap();
    let host = shown(host);
    // Nobody else is this user.
    let user = 600_000 + std::process::id() % 100_000;
    let as_user = |limit: u32| {
        let mut as_user = Command::new("setpriv");
        as_user.args([&format!("--reuid={user}"), "--clear-groups", "prlimit"]);
        as_user.args([&format!("--nproc={limit}"), &host]);
        as_user.env_remove("RUST_LOG");
        as_user
    };
    let able = as_user(64).arg("--version").output();
    if !able.is_ok_and(|output| output.status.success()) {
        return e2e::skip("this user cannot become another one (setpriv)");
    }
    let plugins = shown(place.plugins());
    let (mut told, mut succeeded) = (0, 0);
    // The host's runtime has a worker for each processor.
    let processors = std::thread::available_parallelism().map_or(1, |count| count.get() as u32);
    for limit in (1..12).chain(processors + 2..processors + 12) {
        for (words, code) in [
            (
                vec![
                    "exec",
                    "--no-probe",
                    "--plugins",
                    &plugins,
                    "--",
                    "hello",
                    "you",
                ],
                125,
            ),
            (vec!["run", "--no-probe", "--plugins", &plugins, &specs], 2),
        ] {
            let output = output(as_user(limit).args(&words));
            let stderr = String::from_utf8_lossy(&output.stderr);
            if output.status.success() {
                succeeded += 1;
                continue;
            }
            let failed = [Some(code), Some(1), Some(125)].contains(&output.status.code());
            assert!(
                failed && !stderr.is_empty(),
                "{limit} {words:?}: {output:?}"
            );
            let begin = "error: this program cannot go on and ends: OS can't spawn worker thread: ";
            let end = format!(
                "; its user may have {limit} processes and threads (ulimit -u): raise the limit\n"
            );
            if stderr.starts_with(begin) {
                assert!(stderr.ends_with(&end), "{stderr}");
                told += 1;
            }
        }
    }
    assert!(told > 0 && succeeded > 0, "{told} {succeeded}");
}
