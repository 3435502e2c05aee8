//! Nothing that a child has started is left behind, and nobody else is hit.

// What became of a process is read from `/proc`.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "all of it is tests")]

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use solti_plugin_abi::process::{GroupChild, Program, Stat};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::ChildStdout;
use tokio::time::{sleep, timeout};

/// Long enough for a busy machine.
const SOON: Duration = Duration::from_secs(30);

/// Starts a shell script and hands out its lines.
fn start(script: &str) -> (GroupChild, Lines<BufReader<ChildStdout>>) {
    let mut child = GroupChild::spawn(
        Command::new("sh")
            .args(["-c", script])
            .stdout(Stdio::piped()),
    )
    .unwrap();
    let stdout = ChildStdout::from_std(child.take_stdout().unwrap()).unwrap();
    (child, BufReader::new(stdout).lines())
}

/// The number of a process that the script has printed.
async fn pid(lines: &mut Lines<BufReader<ChildStdout>>) -> u32 {
    let line = timeout(SOON, lines.next_line()).await.unwrap().unwrap();
    line.unwrap().trim().parse().unwrap()
}

fn runs(pid: u32) -> bool {
    Stat::of(pid).is_some_and(|stat| stat.runs())
}

/// Kills a process that nothing here owns any more.
fn kill(pid: u32) {
    let kill = Command::new("kill").arg(pid.to_string()).status();
    assert!(kill.unwrap().success());
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(
        timeout(SOON, waiting).await.is_ok(),
        "still waiting: {what}"
    );
}

/// Waits until a process runs no more. Whose child it is by then may not have reaped it yet.
async fn ended(pid: u32) {
    until(&format!("process {pid} ends"), || !runs(pid)).await;
}

#[tokio::test]
async fn a_dropped_child_is_killed_with_what_it_has_started_and_is_no_zombie() {
    let (child, mut lines) = start("sleep 600 & echo $!; wait");
    let started = pid(&mut lines).await;
    let leader = child.id();
    drop(child);
    ended(started).await;
    until("the child is reaped", || Stat::of(leader).is_none()).await;
}

#[tokio::test]
async fn a_child_that_has_exited_keeps_its_number_until_its_group_was_killed() {
    let (mut child, mut lines) = start("sleep 600 & echo $!; exit 3");
    let started = pid(&mut lines).await;
    // A wait that was given up costs nothing.
    let _ = timeout(Duration::ZERO, child.exited()).await;
    timeout(SOON, child.exited()).await.unwrap().unwrap();
    assert_eq!(Stat::of(child.id()).map(|stat| stat.state), Some('Z'));
    child.kill();
    ended(started).await;
    assert_eq!(child.reap().unwrap().code(), Some(3));
    timeout(SOON, child.exited()).await.unwrap().unwrap();
}

#[tokio::test]
async fn no_signal_is_sent_to_a_number_that_may_be_a_strangers() {
    let (mut child, mut lines) = start("sleep 600 & echo $!; exit 0");
    let started = pid(&mut lines).await;
    child.reap().unwrap();
    assert!(child.has_exited().unwrap());
    assert!(child.exit_descriptor().is_none());
    // It is still in the group, so it tells whether the group was signalled.
    child.terminate();
    child.kill();
    sleep(Duration::from_millis(50)).await;
    assert!(runs(started));
    kill(started);
}

#[tokio::test]
async fn a_process_that_ignores_the_request_to_end_is_killed() {
    let (mut child, mut lines) = start("trap '' TERM; echo $$; while :; do sleep 0.01; done");
    pid(&mut lines).await;
    child.terminate();
    let patience = Duration::from_millis(100);
    assert!(timeout(patience, child.exited()).await.is_err());
    child.kill();
    assert_eq!(child.reap().unwrap().signal(), Some(9));
}

#[tokio::test]
async fn what_has_left_the_group_is_reached_only_where_that_was_asked_for() {
    const SCRIPT: &str = "setsid sh -c 'echo $$; exec sleep 600' & wait";
    let (mut with, mut lines) = start(SCRIPT);
    with = with.with_strays();
    let stray = pid(&mut lines).await;
    with.terminate();
    ended(stray).await;
    with.kill();
    with.reap().unwrap();

    let (mut without, mut lines) = start(SCRIPT);
    let stray = pid(&mut lines).await;
    without.kill();
    without.reap().unwrap();
    sleep(Duration::from_millis(50)).await;
    assert!(runs(stray));
    kill(stray);
}

#[test]
fn a_child_dropped_where_no_runtime_is_at_hand_is_reaped_at_once() {
    let child = GroupChild::spawn(Command::new("sleep").arg("600")).unwrap();
    let pid = child.id();
    assert!(!child.has_exited().unwrap());
    assert!(child.exit_descriptor().is_some());
    drop(child);
    assert_eq!(Stat::of(pid), None);
}

/// Starts a shell script as a program, and returns its lines at its end.
async fn lines_of(program: Program) -> Vec<String> {
    let mut child = program.start(None).unwrap();
    let stdout = ChildStdout::from_std(child.take_stdout().unwrap()).unwrap();
    let mut lines = BufReader::new(stdout).lines();
    let mut all = Vec::new();
    while let Some(line) = timeout(SOON, lines.next_line()).await.unwrap().unwrap() {
        all.push(line);
    }
    child.exited().await.unwrap();
    assert!(child.reap().unwrap().success());
    all
}

#[tokio::test]
async fn a_program_has_a_group_its_directory_its_environment_and_nothing_else_of_ours() {
    // A session of its own only where it would be stopped for reaching for our terminal.
    let session = usize::from(fs::File::open("/dev/tty").is_ok());
    // A descriptor that must not be there: the program has its three streams, `ls` its own, and both
    // what this process was given by whoever has started it.
    let _open = fs::File::open("/").unwrap();
    let given = Command::new("ls").arg("/proc/self/fd").output().unwrap();
    let given = given.stdout.split(|byte| *byte == b'\n').count() - 1;
    let script = "read -r pid name state parent group session rest </proc/$$/stat; \
                  echo $((pid == group)) $((pid == session)); pwd; echo \"$OWN $HOME\"; \
                  readlink /proc/$$/fd/0; ls /proc/self/fd | wc -l";
    let program = Program::new("bash")
        .args(["-c", script])
        .envs([("OWN", "own"), ("HOME", "/over")])
        .directory("/usr/bin");
    // Again and again.
    for _ in 0..2 {
        assert_eq!(
            lines_of(program.clone()).await,
            [
                &format!("1 {session}"),
                "/usr/bin",
                "own /over",
                "/dev/null",
                &given.to_string()
            ]
        );
    }
}

#[tokio::test]
async fn a_program_dies_of_a_broken_pipe_though_this_process_would_not() {
    let lines = lines_of(Program::new("sh").args(["-c", "yes | head -n 1"])).await;
    assert_eq!(lines, ["y"]);
    let program = Program::new("sh").args(["-c", "kill -PIPE $$; echo it was ignored"]);
    let mut child = program.start(None).unwrap();
    child.exited().await.unwrap();
    assert_eq!(child.status().unwrap().unwrap().signal(), Some(13));
    assert_eq!(child.reap().unwrap().signal(), Some(13));
}

#[test]
fn a_directory_that_cannot_be_entered_is_not_blamed_on_the_program() {
    for (directory, expected) in [
        (
            "/no/such",
            "cannot enter the working directory \"/no/such\": No such file or directory (os error 2)",
        ),
        (
            "/dev/null",
            "the working directory \"/dev/null\" is not a directory",
        ),
    ] {
        let err = Program::new("true").directory(directory).start(None);
        let err = err.unwrap_err();
        assert_eq!(err.to_string(), expected);
        assert!(err.is_about_directory() && !err.is_not_found() && !err.may_pass());
    }
}

#[test]
fn a_text_with_a_nul_byte_starts_nothing() {
    for program in [
        Program::new("true\0x"),
        Program::new("true").args(["a\0b"]),
        Program::new("true").envs([("A", "\0")]),
    ] {
        assert!(program.start(None).is_err());
    }
}
