//! What an attempt is told, is asked and ends with, also while its plugin drains.

use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Map;
use solti_model::TaskId;
use solti_plugin_host::{CallError, RunId, RunnerError, Spawn};
use taskvisor::{TaskError, TaskRef};
use tokio_util::sync::CancellationToken;

use super::{plugin, soon};
use crate::support::{Host, SOON, command};

#[tokio::test]
async fn an_attempt_can_be_sent_a_signal_and_asked_what_it_has_used() {
    let host = Host::with(&["modern"]);
    let task = host.build(&command("s", "answers", &[]));
    let attempt = Spawn::new(1).begin(&task, CancellationToken::new());
    let running = tokio::spawn(attempt.future);
    let control = attempt.control;
    let began = Instant::now();
    let stats = loop {
        match soon(control.call("stats", Bytes::new())).await {
            Ok(stats) => break stats,
            // It has not said yet what it answers.
            Err(CallError::UnknownMethod { .. }) if began.elapsed() < SOON => {}
            Err(err) => panic!("{err}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert_eq!(stats, r#"{"lines":1}"#);
    let signal = Bytes::from_static(br#"{"signal":15}"#);
    soon(control.call("signal", signal)).await.unwrap();
    let end = soon(running).await.unwrap();
    assert!(
        matches!(&end, Err(TaskError::Fail { reason, .. }) if reason == "ended by signal 15"),
        "{end:?}"
    );
    assert_eq!(control.outcome().signal, Some(15));
    let over = soon(control.call("stats", Bytes::new())).await;
    assert_eq!(over, Err(CallError::unknown("stats")));
}

#[tokio::test]
async fn an_attempt_knows_its_number_its_run_its_deadline_and_its_input() {
    let host = Host::with(&["modern"]);
    let lines_of = async |task: &TaskRef, spawn: Spawn| {
        let id = TaskId::from(task.name());
        host.registry.ensure_channel(id.clone());
        let mut events = host.registry.subscribe(&id).unwrap();
        let attempt = spawn.begin(task, CancellationToken::new());
        soon(attempt.future).await.unwrap();
        let mut lines = Vec::new();
        while let Ok(event) = events.try_recv() {
            if let solti_model::OutputEvent::Chunk(chunk) = event {
                lines.push((
                    chunk.attempt,
                    String::from_utf8(chunk.line.to_vec()).unwrap(),
                ));
            }
        }
        lines
    };
    let task = host.build(&command("s", "number", &[]));
    assert_eq!(
        lines_of(&task, Spawn::new(7)).await,
        [(7, "attempt 7".to_owned())]
    );
    // A supervisor that does not count leaves it to the task.
    let task = host.build(&command("s", "number", &[]));
    for number in 1..=3 {
        let (end, lines) = host.attempt(&task, CancellationToken::new()).await;
        end.unwrap();
        assert_eq!(
            (lines[0].attempt, &*lines[0].text),
            (number, &*format!("attempt {number}"))
        );
    }
    let context = host
        .router
        .context()
        .clone()
        .with_run_id(RunId::from_parts("modern-s-77".to_owned(), 77))
        .with_metadata(Map::from_iter([("uid".to_owned(), "u-1".into())]));
    let named = host
        .router
        .build_async_in(&command("s", "id", &[]), context.clone())
        .await;
    let named = named.unwrap();
    assert_eq!(named.name(), "modern-s-77");
    assert_eq!(
        lines_of(&named, Spawn::new(1)).await,
        [(1, "modern-s-77".to_owned())]
    );
    let told = host
        .router
        .build_async_in(&command("s", "metadata", &[]), context)
        .await;
    let told = told.unwrap();
    assert_eq!(
        lines_of(&told, Spawn::new(1)).await,
        [(1, r#"{"uid":"u-1"}"#.to_owned())]
    );

    let task = host.build(&command("s", "deadline", &[]));
    let spawn = Spawn::new(1).with_deadline(Instant::now() + Duration::from_secs(9_000));
    let lines = lines_of(&task, spawn).await;
    assert!(
        lines[0].1 == "Some(8999)" || lines[0].1 == "Some(9000)",
        "{lines:?}"
    );

    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(b"from the host\n").unwrap();
    drop(writer);
    let task = host.build(&command("s", "stdin", &[]));
    let spawn = Spawn::new(1).with_stdin(OwnedFd::from(reader));
    assert_eq!(
        lines_of(&task, spawn).await,
        [(1, "from the host".to_owned())]
    );
}

#[tokio::test]
async fn an_attempt_ends_with_an_outcome_on_success_as_well() {
    let host = Host::with(&["modern"]);
    for (code, success) in [("0", true), ("3", false)] {
        let task = host.build(&command("s", "outcome", &[code]));
        let attempt = Spawn::new(1).begin(&task, CancellationToken::new());
        let end = soon(attempt.future).await;
        assert_eq!(end.is_ok(), success, "{end:?}");
        let outcome = attempt.control.outcome();
        assert_eq!(outcome.exit_code, code.parse().ok());
        assert_eq!(outcome.details["rss"], 4096);
    }
    let task = host.build(&command("s", "signaled", &[]));
    let attempt = Spawn::new(1).begin(&task, CancellationToken::new());
    assert!(soon(attempt.future).await.is_err());
    assert_eq!(attempt.control.outcome().signal, Some(9));
}

#[tokio::test]
async fn a_draining_plugin_finishes_what_it_began_and_takes_no_more() {
    let host = Host::with(&["modern"]);
    let task = host.build(&command("s", "wait", &[]));
    let other = host.build(&command("s", "number", &[]));
    let cancel = CancellationToken::new();
    let attempt = Spawn::new(1).begin(&task, cancel.clone());
    let running = tokio::spawn(attempt.future);
    let idle = plugin(&host).idle();
    tokio::pin!(idle);
    assert!(
        tokio::time::timeout(Duration::from_millis(50), &mut idle)
            .await
            .is_err()
    );
    let runner = Arc::clone(host.router.pick(&command("s", "number", &[])).unwrap());
    plugin(&host).drain();
    let told = soon(runner.call("draining", Bytes::new())).await.unwrap();
    assert_eq!(told, "true");
    // The router looks for another runner; who has this one already is told.
    let spec = command("s", "number", &[]);
    let nobody = host.router.build(&spec).map(drop).unwrap_err();
    assert!(matches!(nobody, RunnerError::NoRunner(_)), "{nobody}");
    let refused = runner.build_task(&spec, host.router.context());
    assert_eq!(
        refused.map(drop).unwrap_err().to_string(),
        "internal error: plugin 'modern': the plugin drains and builds no task"
    );
    let (end, _) = host.attempt(&other, CancellationToken::new()).await;
    assert!(
        matches!(&end, Err(TaskError::Fail { reason, .. })
            if reason == "plugin 'modern': the plugin drains and begins no attempt"),
        "{end:?}"
    );
    cancel.cancel();
    soon(running).await.unwrap().unwrap();
    soon(idle).await;
}
