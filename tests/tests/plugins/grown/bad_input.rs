//! What is too large, comes too late or never ends, and sides that lack what the other has.

use std::fs;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};
use solti_model::TaskId;
use solti_plugin_host::{CallError, RunnerError, Spawn, Workload};
use tokio_util::sync::CancellationToken;

use super::{GREETING, answer_of, plugin, soon};
use crate::support::{Host, command, texts};

#[tokio::test]
async fn a_line_of_64_mib_is_passed_on_whole_and_so_is_what_comes_after_it() {
    let host = Host::with(&["modern"]);
    let (end, lines) = host.run(&command("s", "huge", &[])).await;
    end.unwrap();
    let lengths: Vec<_> = lines.iter().map(|line| line.text.len()).collect();
    // A line that is pushed is passed on as it is; of one in a stream the limit of lines is kept.
    let mark = "… [cut at 65536 bytes]";
    assert_eq!(lengths, [64 << 20, (64 << 10) + mark.len(), 5]);
    assert!(lines[1].text.ends_with(mark));
    assert_eq!(lines[2].text, "after");
    assert!(lines.iter().map(|line| line.seq).eq(0..3));
}

#[tokio::test]
async fn a_plugin_that_never_becomes_idle_is_waited_for_no_longer_than_the_host_likes() {
    let host = Host::with(&["hello", "modern"]);
    let modern = host.report.loaded()[1].handle.clone();
    let directory = tempfile::tempdir().unwrap();
    let let_go = directory.path().join("let-go");
    let hog = host.build(&command("s", "hog", &[let_go.to_str().unwrap()]));
    let mut events = host.registry.subscribe(&TaskId::from(hog.name())).unwrap();
    let attempt = Spawn::new(1).begin(&hog, CancellationToken::new());
    let running = tokio::spawn(attempt.future);
    soon(events.recv()).await.unwrap();
    modern.drain();
    let waited = tokio::time::timeout(Duration::from_millis(100), modern.idle()).await;
    assert!(waited.is_err(), "it holds its worker, and is not idle");
    let began = Instant::now();
    let shutdown = {
        let modern = modern.clone();
        move || modern.shutdown(Duration::from_millis(200))
    };
    let outcome = soon(tokio::task::spawn_blocking(shutdown)).await.unwrap();
    assert_eq!(outcome.unfinished, 1);
    assert!(began.elapsed() < Duration::from_secs(5), "{outcome:?}");
    // The host and its other plugins go on.
    let (end, lines) = host.run(&command("s", "hello", &["you"])).await;
    end.unwrap();
    assert_eq!(texts(&lines), ["hello, you"]);
    fs::write(&let_go, "").unwrap();
    // The attempt ends one way or the other once it lets go of its worker.
    let _ = soon(running).await.unwrap();
}

#[tokio::test]
async fn a_plugin_that_offers_nothing_of_its_own_says_so_or_answers_with_a_default() {
    let host = Host::with(&["hello"]);
    let described = answer_of(plugin(&host), "describe").await;
    // That it takes no configuration is known of its declaration.
    let nothing = json!({
        "type": "object", "properties": {}, "required": [], "additionalProperties": false,
    });
    let expected = json!({ "config": nothing, "runners": { "hello": {} } });
    assert_eq!(described, expected);
    let health = answer_of(plugin(&host), "health").await;
    assert_eq!(health, json!({ "status": "ok" }));
    let spec = command("s", "hello", &["you"]);
    let runner = host.router.pick(&spec).unwrap();
    let unknown = soon(runner.call("echo", Bytes::new())).await;
    assert_eq!(unknown, Err(CallError::unknown("echo")));
    let task = host.build(&spec);
    let attempt = Spawn::new(1).begin(&task, CancellationToken::new());
    let signal = Bytes::from_static(br#"{"signal":15}"#);
    let unknown = soon(attempt.control.call("signal", signal)).await;
    assert_eq!(unknown, Err(CallError::unknown("signal")));
    soon(attempt.future).await.unwrap();
    assert_eq!(attempt.control.outcome(), Default::default());
    let workload = Workload::new("hi", GREETING, 5_000_u64, Value::Null);
    let nobody = host.router.build_workload(&workload).map(drop).unwrap_err();
    assert!(matches!(&nobody, RunnerError::NoRunner(kind) if kind == GREETING));
    // Building takes no method of the author's either.
    soon(host.router.build_async(&spec)).await.unwrap();
    plugin(&host).drain();
    soon(plugin(&host).idle()).await;
}

#[tokio::test]
async fn a_plugin_finds_out_what_its_host_does_not_have() {
    let host = Host::with(&["modern"]);
    let (end, lines) = host.run(&command("s", "host", &[])).await;
    end.unwrap();
    // Neither a directory nor a grace, and a method that this host does not know.
    assert_eq!(lines[1].text, "None None");
    assert_eq!(lines[3].text, "unknown method 'teleport'");
    let (end, _) = host.run(&command("s", "stdin", &[])).await;
    let told = end.unwrap_err().to_string();
    assert!(told.ends_with("there is no standard input"), "{told}");
}
