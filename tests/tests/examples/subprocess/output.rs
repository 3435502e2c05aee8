//! No byte of output is lost or invented.

use std::sync::Arc;
use std::time::{Duration, Instant};

use solti_model::StreamKind;
use solti_plugin_host::{BuildContext, OutputRegistry, PluginLoader, RunnerRouter, Spawn};
use taskvisor::TaskError;
use tokio_util::sync::CancellationToken;

use super::{Attempt, configured, ended, host, shell};
use crate::support::{Host, Recorded, SOON, command, directory_with, texts};

#[tokio::test]
async fn both_streams_arrive_each_with_its_own_numbers() {
    let host = host();
    let (end, lines) = host.run(&shell("echo out; echo err >&2; echo out2")).await;
    end.unwrap();
    let of = |stream| {
        let lines = lines.iter().filter(move |line| line.stream == stream);
        lines
            .map(|line| (line.seq, line.text.as_str()))
            .collect::<Vec<_>>()
    };
    assert_eq!(of(StreamKind::Stdout), [(0, "out"), (1, "out2")]);
    assert_eq!(of(StreamKind::Stderr), [(0, "err")]);
}

#[tokio::test]
async fn a_line_is_what_stands_between_line_ends_and_nothing_else() {
    let host = host();
    let (end, lines) = host
        .run(&shell(
            r"printf 'crlf\r\n\n a\tb \na\rb\nbad \377 byte\nlast'",
        ))
        .await;
    end.unwrap();
    assert_eq!(
        texts(&lines),
        ["crlf", "", " a\tb ", "a\rb", "bad \u{fffd} byte", "last"]
    );
}

#[tokio::test]
async fn a_line_over_the_limit_is_cut_and_the_next_is_whole() {
    let host = configured("max_line_bytes = 10");
    let (end, lines) = host
        .run(&shell("echo 0123456789; echo 0123456789a; echo next"))
        .await;
    end.unwrap();
    assert_eq!(
        texts(&lines),
        ["0123456789", "0123456789… [cut at 10 bytes]", "next"]
    );
}

#[tokio::test]
async fn a_line_longer_than_the_pipe_is_cut_at_the_default_limit() {
    let host = host();
    let (end, lines) = host
        .run(&shell(
            "head -c 300000 /dev/zero | tr '\\0' x; echo; echo next",
        ))
        .await;
    end.unwrap();
    let cut = format!("{}… [cut at 65536 bytes]", "x".repeat(65536));
    assert_eq!(texts(&lines), [cut.as_str(), "next"]);
}

#[tokio::test]
async fn what_a_background_process_writes_after_the_exit_still_arrives() {
    let host = host();
    let directory = tempfile::tempdir().unwrap();
    let gate = directory.path().join("gate");
    let gate = gate.to_str().unwrap();
    // The background process waits at the gate, so that the shell has ended before it writes.
    let script = format!("mkfifo {gate}; (read x <{gate}; echo late) & echo $$");
    let mut attempt = Attempt::of(&host, &shell(&script));
    ended(attempt.pid().await).await;
    std::fs::write(gate, "go\n").unwrap();
    assert_eq!(attempt.line().await, "late");
    attempt.end().await.unwrap();
}

/// A process that has ended, and one that holds its output for longer than anybody waits here.
const HELD: &str = "sleep 600 & echo $!; exit 3";

#[tokio::test]
async fn the_end_of_its_process_ends_a_task_whatever_holds_its_output() {
    let host = configured("linger_ms = 100");
    let mut attempt = Attempt::of(&host, &shell(HELD));
    let background = attempt.pid().await;
    assert_eq!(
        super::failed(attempt.end().await),
        ("process exited with non-zero code: 3".to_owned(), Some(3))
    );
    // Nobody reads what it writes any more.
    ended(background).await;
}

#[tokio::test]
async fn where_the_output_ends_a_task_its_exit_code_is_told_when_its_time_is_over() {
    const TIMEOUT: Duration = Duration::from_secs(2);
    let host = configured("ends_with = \"output\"");
    let task = host.build(&super::lasting(&shell(HELD), TIMEOUT));
    let spawned = Spawn::new(1)
        .with_deadline(Instant::now() + TIMEOUT)
        .begin(&task, CancellationToken::new());
    let end = tokio::time::timeout(SOON, spawned.future).await.unwrap();
    assert!(
        matches!(end, Err(TaskError::Timeout { timeout: TIMEOUT })),
        "{end:?}"
    );
    assert_eq!(spawned.control.outcome().exit_code, Some(3));
}

#[tokio::test]
async fn where_the_output_ends_a_task_it_is_waited_for() {
    let host = configured("ends_with = \"output\"\nlinger_ms = 0");
    let (end, lines) = host.run(&shell("(sleep 1; echo late) & exit 3")).await;
    assert_eq!(super::failed(end).1, Some(3));
    assert_eq!(texts(&lines), ["late"]);
}

#[tokio::test]
async fn what_is_in_the_pipe_when_a_process_ends_is_read_to_its_end() {
    let host = configured("linger_ms = 0");
    let (end, lines) = host.run(&shell("sleep 600 & seq 20000; sleep 0.4")).await;
    end.unwrap();
    assert_eq!(lines.len(), 20_000);
}

#[tokio::test]
async fn a_million_lines_arrive_whole_and_in_order() {
    const LINES: u64 = 1_000_000;
    let directory = directory_with(&["subprocess"]);
    let registry = Arc::new(OutputRegistry::new(1 << 20));
    let context = BuildContext::default().with_output_registry(Arc::clone(&registry));
    let mut router = RunnerRouter::new().with_context(context);
    let report = PluginLoader::new()
        .load_dir(directory.path(), &mut router)
        .unwrap();
    let host = Host {
        directory,
        registry,
        metrics: Arc::new(Recorded::default()),
        router,
        report,
    };
    let task = host.build(&command("slot", "seq", &["1000000"]));
    let (end, lines) = host.attempt(&task, CancellationToken::new()).await;
    end.unwrap();
    assert_eq!(lines.len() as u64, LINES);
    for (index, line) in (0..LINES).zip(&lines) {
        assert_eq!(line.seq, index);
        assert_eq!(line.text, (index + 1).to_string());
    }
}
