//! No byte of output is lost or invented.

use solti_model::StreamKind;
use solti_plugin_host::{BuildContext, OutputRegistry, PluginLoader, RunnerRouter};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

use super::{Attempt, configured, ended, host, shell};
use crate::support::{Host, Recorded, command, directory_with, texts};

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
