//! Commands that do not end by themselves: nothing of them outlives their task, here or there.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;
use solti_model::{OutputEvent, TaskId};
use solti_plugin_host::output::TapOptions;
use taskvisor::TaskError;
use tokio::sync::broadcast::Receiver;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Place;
use crate::failed;
use crate::support::{SOON, until};

/// How long a command would go on: the words of a process that no other test starts.
fn marked(mark: u32) -> String {
    format!("{}.{mark:02}", 600 + std::process::id())
}

/// The processes with a word like this, in any process's command line.
fn with_word(word: &str) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap();
    let numbers = processes.filter_map(|it| it.ok()?.file_name().to_str()?.parse().ok());
    let has_word = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(word)
    };
    numbers.filter(has_word).collect()
}

/// The clients that were started for the server of a place.
fn clients(place: &Place) -> Vec<u32> {
    let processes = with_word(&place.sshd.file("known_hosts").display().to_string());
    processes
        .into_iter()
        .filter(|pid| e2e::process::runs(*pid))
        .collect()
}

/// An attempt under way.
struct Attempt {
    events: Receiver<OutputEvent>,
    cancel: CancellationToken,
    running: JoinHandle<Result<(), TaskError>>,
}

impl Attempt {
    /// Begins one of a command, which has so long, and waits for its first line.
    async fn begun(place: &Place, command: &str, timeout: Duration) -> Self {
        let task = place.build(json!({ "command": command }));
        let id = TaskId::from(task.name());
        place.host.registry.ensure_channel(id.clone());
        let events = place.host.registry.subscribe(&id).unwrap();
        let cancel = CancellationToken::new();
        let attempt = tokio::time::timeout(timeout, task.spawn(cancel.clone()));
        let running =
            tokio::spawn(
                async move { attempt.await.unwrap_or(Err(TaskError::Timeout { timeout })) },
            );
        let mut attempt = Self {
            events,
            cancel,
            running,
        };
        attempt.line().await;
        attempt
    }

    async fn line(&mut self) -> String {
        match tokio::time::timeout(SOON, self.events.recv()).await {
            Ok(Ok(OutputEvent::Chunk(chunk))) => String::from_utf8(chunk.line.to_vec()).unwrap(),
            other => panic!("instead of a line came {other:?}"),
        }
    }

    async fn end(self) -> Result<(), TaskError> {
        tokio::time::timeout(SOON, self.running)
            .await
            .expect("it ends soon")
            .unwrap()
    }
}

/// Waits until nothing of a command is left on the other machine, nor a client on this one.
async fn all_gone(place: &Place, mark: &str) {
    until("the command is gone", || with_word(mark).is_empty()).await;
    until("the client is gone", || clients(place).is_empty()).await;
}

#[tokio::test]
async fn a_cancelled_command_ends_there_with_all_that_it_has_started() {
    let Some(place) = Place::new() else { return };
    for (at, command) in [
        "echo begun; sleep MARK",
        "echo begun; sleep MARK & (sleep MARK; true) & wait",
        // In a pipe, and silent.
        "echo begun >&2; sleep MARK | cat",
    ]
    .iter()
    .enumerate()
    {
        let mark = marked(u32::try_from(at).unwrap());
        let command = command.replace("MARK", &mark);
        let attempt = Attempt::begun(&place, &command, SOON).await;
        until("it runs there", || !with_word(&mark).is_empty()).await;
        let began = Instant::now();
        attempt.cancel.cancel();
        let end = attempt.end().await;
        assert!(matches!(end, Err(TaskError::Canceled)), "{end:?}");
        assert_eq!(
            clients(&place),
            [0; 0],
            "it is reaped before the end is told"
        );
        assert!(
            began.elapsed() < Duration::from_secs(3),
            "it was asked: {:?}",
            began.elapsed()
        );
        all_gone(&place, &mark).await;
    }
}

#[tokio::test]
async fn a_command_that_will_not_end_is_killed_there_within_the_grace() {
    let Some(place) = Place::with("stop_grace_ms = 2000", |_| {}) else {
        return;
    };
    let mark = marked(10);
    // Its shell would say of the sleep that it was ended; and it waits, since a signal in the moment in which it
    // starts something in its own place is lost on that, and the shell hears of it only when that has ended.
    let command = format!(
        "exec 2>/dev/null; trap 'echo asked' TERM; sleep {mark} & \
         echo begun; while :; do wait; sleep 0.05; done"
    );
    let mut attempt = Attempt::begun(&place, &command, SOON).await;
    attempt.cancel.cancel();
    assert_eq!(
        attempt.line().await,
        "asked",
        "what it says meanwhile arrives"
    );
    let end = attempt.end().await;
    assert!(matches!(end, Err(TaskError::Canceled)), "{end:?}");
    all_gone(&place, &mark).await;
}

#[tokio::test]
async fn without_a_grace_a_command_is_killed_at_once() {
    let Some(place) = Place::with("stop_grace_ms = 0", |_| {}) else {
        return;
    };
    let mark = marked(11);
    let command = format!("trap '' TERM; echo begun; sleep {mark}; true");
    let attempt = Attempt::begun(&place, &command, SOON).await;
    attempt.cancel.cancel();
    let end = attempt.end().await;
    assert!(matches!(end, Err(TaskError::Canceled)), "{end:?}");
    all_gone(&place, &mark).await;
}

#[tokio::test]
async fn a_command_whose_time_is_over_ends_there_though_nobody_asks_it_from_here() {
    let Some(place) = Place::new() else { return };
    let mark = marked(12);
    let command = format!("echo begun; sleep {mark}; true");
    let attempt = Attempt::begun(&place, &command, Duration::from_secs(1)).await;
    let end = attempt.end().await;
    assert!(matches!(end, Err(TaskError::Timeout { .. })), "{end:?}");
    all_gone(&place, &mark).await;
}

#[tokio::test]
async fn a_command_whose_connection_is_cut_ends_and_the_attempt_says_so() {
    let Some(place) = Place::new() else { return };
    let mark = marked(13);
    let command = format!("echo begun; sleep {mark}; true");
    let attempt = Attempt::begun(&place, &command, SOON).await;
    place.sshd.signal_connections("KILL");
    let (reason, code) = failed(attempt.end().await);
    let whom = format!("{}@127.0.0.1 port {}", e2e::sshd::user(), place.sshd.port);
    let begins =
        format!("the connection to {whom} broke while the command ran, which ends with it: ");
    assert!(reason.starts_with(&begins), "{reason}");
    assert!(reason.ends_with("closed by remote host."), "{reason}");
    assert_eq!(code, None);
    all_gone(&place, &mark).await;
}

#[tokio::test]
async fn a_machine_that_does_not_answer_any_more_ends_the_attempt() {
    let Some(place) = Place::with("keep_alive_ms = 1000", |_| {}) else {
        return;
    };
    let attempt = Attempt::begun(&place, "echo begun; sleep 600", SOON).await;
    place.sshd.signal_connections("STOP");
    let (reason, _) = failed(attempt.end().await);
    assert!(
        reason.ends_with("Timeout, server 127.0.0.1 not responding."),
        "{reason}"
    );
}

#[tokio::test]
async fn a_command_that_leaves_something_behind_has_ended_all_the_same() {
    let Some(place) = Place::with("linger_ms = 300", |_| {}) else {
        return;
    };
    let mark = marked(14);
    let began = Instant::now();
    let (end, lines) = place.run(&format!("sleep {mark} & echo $!; exit 3")).await;
    assert_eq!(failed(end).1, Some(3));
    assert!(began.elapsed() < SOON / 2, "{:?}", began.elapsed());
    // What was meant to stay stays, and is ours to end.
    let pid: u32 = lines[0].text.parse().unwrap();
    assert_eq!(with_word(&mark), [pid]);
    let killed = std::process::Command::new("kill")
        .arg(pid.to_string())
        .status();
    assert!(killed.unwrap().success());
}

#[tokio::test]
async fn a_command_whose_reader_is_slow_waits_and_can_be_cancelled_meanwhile() {
    let Some(place) = Place::new() else { return };
    let mark = marked(15);
    let task = place.build(json!({ "command": format!("seq 3000000; sleep {mark}; true") }));
    let id = TaskId::from(task.name());
    place.host.registry.ensure_channel(id.clone());
    let options = TapOptions::default()
        .with_capacity(1 << 10)
        .with_overrun(1 << 20);
    let mut tap = place.host.registry.tap(&id, options).unwrap();
    let cancel = CancellationToken::new();
    let running = tokio::spawn(task.spawn(cancel.clone()));
    tokio::time::timeout(SOON, tap.next())
        .await
        .unwrap()
        .unwrap();
    // One that did not wait has written it all by then, and sleeps.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let sleeping = format!("sleep\0{mark}");
    assert!(with_word(&sleeping).is_empty(), "it does not wait");
    cancel.cancel();
    let end = tokio::time::timeout(SOON, running).await.unwrap().unwrap();
    assert!(matches!(end, Err(TaskError::Canceled)), "{end:?}");
    all_gone(&place, &mark).await;
}
