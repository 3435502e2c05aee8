//! The program as process 1, as which a container starts it.

use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::{Place, Running, command, end, shell};

/// The same command as process 1 of its own; `None` where the system allows that to nobody, or not to
/// this user.
pub(crate) fn as_process_one(command: &Command) -> Option<Command> {
    let unshare = || {
        let mut unshare = Command::new("unshare");
        unshare.args(["--pid", "--fork", "--kill-child", "--mount-proc"]);
        unshare
    };
    let tried = unshare().arg("true").stderr(Stdio::null()).status();
    if !tried.is_ok_and(|status| status.success()) {
        e2e::skip("no process can be process 1 here (unshare)");
        return None;
    }
    let mut first = unshare();
    first.arg(command.get_program()).args(command.get_args());
    first.env_remove("RUST_LOG").stdin(Stdio::null());
    Some(first)
}

/// Leaves behind processes that end at once, waits, and prints the number of zombies that there are.
const LEAVE_ORPHANS: &str = "for n in 1 2 3 4 5; do (setsid sh -c 'sleep 0.1' &) ; done; sleep 0.6; \
                             cat /proc/[0-9]*/stat | grep -c ' Z '; echo of $(ls -d /proc/[0-9]* | wc -l)";

#[test]
fn orphans_of_tasks_are_reaped_by_process_one_while_the_host_goes_on() {
    let place = Place::with(&["subprocess"]);
    let exec = place.exec(&["--", "sh", "-c", LEAVE_ORPHANS]);
    let Some(mut first) = as_process_one(&exec) else {
        return;
    };
    let ended = end(&mut first);
    // Every end that a plugin waited for has come to it.
    assert!(ended.stdout.starts_with("0\nof "), "{ended:?}");
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

/// As of a session's service manager, which starts programs as what orphans are given to.
#[test]
fn orphans_of_tasks_are_reaped_where_the_program_is_a_subreaper() {
    // The zombies whose parent is that of the host.
    const LEAVE: &str = "for n in 1 2 3 4 5; do (setsid sh -c 'sleep 0.1' &) ; done; sleep 0.6; \
                         first=$(cut -d' ' -f4 /proc/$PPID/stat); \
                         cat /proc/[0-9]*/stat 2>/dev/null | grep -c \") Z $first \"; \
                         cut -d' ' -f2 /proc/$first/stat";
    // PR_SET_CHILD_SUBREAPER, which a program keeps that is started in its place.
    const START: &str = "import ctypes, os, sys; ctypes.CDLL(None).prctl(36, 1, 0, 0, 0); \
                         os.execv(sys.argv[1], sys.argv[1:])";
    let place = Place::with(&["subprocess"]);
    let exec = place.exec(&["--", "sh", "-c", LEAVE]);
    let mut start = Command::new("python3");
    start
        .args(["-c", START])
        .arg(exec.get_program())
        .args(exec.get_args());
    start.env_remove("RUST_LOG").stdin(Stdio::null());
    if Command::new("python3").arg("-V").output().is_err() {
        return e2e::skip("there is no python3");
    }
    let ended = end(&mut start);
    assert_eq!(ended.stdout, "0\n(solti-host)\n", "{ended:?}");
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn process_one_ends_as_the_host_below_it() {
    let place = Place::with(&["subprocess"]);
    for (script, code) in [("exit 7", 7), ("kill -9 $$", 137)] {
        let exec = place.exec(&["--", "sh", "-c", script]);
        let Some(mut first) = as_process_one(&exec) else {
            return;
        };
        assert_eq!(end(&mut first).code, Some(code), "{script}");
    }
    // What a plugin's task does to the host is the host's end.
    let exec = place.exec(&["--", "sh", "-c", "kill -9 $PPID"]);
    if let Some(mut first) = as_process_one(&exec) {
        assert_eq!(end(&mut first).code, Some(137));
    }
}

#[test]
fn process_one_passes_signals_on() {
    let place = Place::with(&["subprocess"]);
    let specs = serde_json::json!([
        shell(
            "a",
            "sed -n 's/^NSpid:[[:space:]]*//p' /proc/1/status; sleep 60"
        ),
        command("b", "true", &[])
    ]);
    let specs = place.file("specs.json", specs);
    let Some(mut first) = as_process_one(&place.run(&[&specs])) else {
        return;
    };
    let running = Running::start(&mut first);
    running.line();
    // The only child of `unshare`.
    let unshare = running.child.id();
    let children = std::fs::read_to_string(format!("/proc/{unshare}/task/{unshare}/children"));
    let first = children.unwrap().trim().parse().unwrap();
    let first = rustix::process::Pid::from_raw(first).unwrap();
    rustix::process::kill_process(first, Signal::TERM).unwrap();
    let (code, stderr) = running.end();
    assert!(stderr.contains("cancelled: interrupted"), "{stderr}");
    assert_eq!(code, Some(143));
}
