//! A plugin's tasks on the plugin's own runtime: what works in them, and how they end.

use std::time::{Duration, Instant};

use solti_model::{KeyValue, RunnerEnv, StreamKind, TaskId};
use solti_plugin_host::{PluginLoader, RunnerError};
use taskvisor::TaskError;
use tokio_util::sync::CancellationToken;

use crate::support::{self, Host, SOON, command, texts};

#[tokio::test(flavor = "current_thread")]
async fn everything_of_tokio_works_in_a_task_whatever_runtime_the_host_has() {
    let host = Host::with(&["specimen"]);
    let file = host.directory.path().join("text");
    std::fs::write(&file, "from a file").unwrap();
    let file = file.to_str().unwrap();
    for (behaviour, argument, expected) in [
        ("sleep", "20", None),
        ("spawn", "", Some("spawned")),
        ("process", "", Some("child")),
        ("net", "", Some("over the network")),
        ("spawn-blocking", "", Some("blocking")),
        ("block-in-place", "", Some("in place")),
        ("fs", file, Some("from a file")),
    ] {
        let (end, lines) = host.run(&command("s", behaviour, &[argument])).await;
        assert!(end.is_ok(), "{behaviour}: {end:?}");
        assert_eq!(
            texts(&lines),
            expected.into_iter().collect::<Vec<_>>(),
            "{behaviour}"
        );
    }
}

#[test]
fn a_task_may_be_awaited_without_any_runtime_of_the_host() {
    let host = Host::with(&["specimen"]);
    let task = host.build(&command("s", "sleep", &["5"]));
    let attempt = task.spawn(CancellationToken::new());
    // A runtime without timers or IO drivers: only the plugin's own can have slept.
    let bare = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    bare.block_on(attempt).unwrap();
}

#[tokio::test(flavor = "current_thread")]
async fn a_task_that_never_awaits_does_not_stop_the_host() {
    let host = Host::with(&["specimen", "hello"]);
    let hog = host.build(&command("hog", "hog", &["1500"]));
    let hog = tokio::spawn(hog.spawn(CancellationToken::new()));
    let began = Instant::now();
    let spec = command("s", "hello", &["you"]);
    let mut served = 0;
    while !hog.is_finished() {
        let (end, _) = host.run(&spec).await;
        end.unwrap();
        served += 1;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(
        began.elapsed() >= Duration::from_millis(1000),
        "the hog ran {:?}",
        began.elapsed()
    );
    assert!(served > 20, "{served} tasks were served beside the hog");
    hog.await.unwrap().unwrap();
}

#[tokio::test]
async fn cancelling_reaches_the_plugins_token() {
    let host = Host::with(&["specimen"]);
    let task = host.build(&command("s", "wait-for-cancel", &[]));
    let mut events = host.registry.subscribe(&TaskId::from(task.name())).unwrap();
    let cancel = CancellationToken::new();
    let running = tokio::spawn(task.spawn(cancel.clone()));
    let first = tokio::time::timeout(SOON, events.recv())
        .await
        .unwrap()
        .unwrap();
    assert!(format!("{first:?}").contains("waiting"), "{first:?}");
    assert!(!running.is_finished());
    cancel.cancel();
    let end = tokio::time::timeout(SOON, running).await.unwrap().unwrap();
    assert!(matches!(end, Err(TaskError::Canceled)), "{end:?}");
    let second = events.recv().await.unwrap();
    assert!(format!("{second:?}").contains("cancelled"), "{second:?}");
}

#[tokio::test]
async fn an_attempt_that_is_cancelled_before_it_begins_never_begins() {
    let host = Host::with(&["specimen"]);
    let cancel = CancellationToken::new();
    cancel.cancel();
    let task = host.build(&command("s", "count", &[]));
    let (end, lines) = host.attempt(&task, cancel).await;
    assert!(matches!(end, Err(TaskError::Canceled)), "{end:?}");
    assert!(lines.is_empty(), "{lines:?}");
}

#[tokio::test]
async fn dropping_the_hosts_future_stops_the_plugins_task() {
    let host = Host::with(&["specimen"]);
    let mark = host.directory.path().join("mark");
    let task = host.build(&command("s", "hold", &[mark.to_str().unwrap()]));
    let mut events = host.registry.subscribe(&TaskId::from(task.name())).unwrap();
    let running = tokio::spawn(task.spawn(CancellationToken::new()));
    tokio::time::timeout(SOON, events.recv())
        .await
        .unwrap()
        .unwrap();
    let plugin = &host.report.loaded()[0].handle;
    assert_eq!(plugin.active_tasks(), 1);
    running.abort();
    let began = Instant::now();
    while !mark.exists() || plugin.active_tasks() > 0 {
        assert!(began.elapsed() < SOON, "the plugin's task was not dropped");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn every_variant_of_a_tasks_error_survives() {
    let host = Host::with(&["specimen"]);
    for (name, expected) in [
        ("timeout", "Timeout { timeout: 1.5s }"),
        ("fatal", "Fatal { reason: \"worn\", exit_code: None }"),
        (
            "fatal-code",
            "Fatal { reason: \"worn\", exit_code: Some(-7) }",
        ),
        ("fail", "Fail { reason: \"worn\", exit_code: None }"),
        (
            "fail-code",
            "Fail { reason: \"worn\", exit_code: Some(42) }",
        ),
        ("canceled", "Canceled"),
    ] {
        let (end, _) = host.run(&command("s", "error", &[name])).await;
        assert_eq!(format!("{:?}", end.unwrap_err()), expected);
    }
}

#[test]
fn every_variant_of_a_runners_error_survives() {
    let host = Host::with(&["specimen"]);
    for (name, expected) in [
        ("no-runner", RunnerError::NoRunner("none".into())),
        (
            "unsupported-kind",
            RunnerError::UnsupportedKind {
                runner: "chameleon",
                kind: "stone".into(),
            },
        ),
        ("invalid-spec", RunnerError::InvalidSpec("bent".into())),
        ("internal", RunnerError::Internal("torn".into())),
        ("missing-field", RunnerError::MissingField("colour")),
        ("io", RunnerError::Io("wet".into())),
    ] {
        let err = host
            .router
            .build(&command("s", "build-error", &[name]))
            .map(|_| ())
            .unwrap_err();
        assert_eq!(format!("{err:?}"), format!("{expected:?}"));
    }
}

#[tokio::test]
async fn a_task_is_attempted_again_and_its_attempts_are_told_apart() {
    let host = Host::with(&["specimen"]);
    let task = host.build(&command("s", "count", &[]));
    for attempt in 1..=3 {
        let (_, lines) = host.attempt(&task, CancellationToken::new()).await;
        assert_eq!((lines[0].attempt, lines[0].seq), (attempt, 0));
    }
}

#[tokio::test]
async fn the_hosts_registry_serves_the_plugin_except_for_listening() {
    let host = Host::with(&["specimen"]);
    let (end, lines) = host.run(&command("s", "registry", &[])).await;
    end.unwrap();
    assert_eq!(
        texts(&lines),
        ["to standard error", "channels 1, subscribed false"]
    );
    assert_eq!(lines[0].stream, StreamKind::Stderr);
    let (_, lines) = host.run(&command("s", "bad-text", &[])).await;
    assert_eq!(texts(&lines), ["a\u{fffd}b"]);
    let (_, lines) = host.run(&command("s", "lines", &["300"])).await;
    assert_eq!(lines.len(), 300);
    assert_eq!(
        (lines[299].seq, lines[299].text.as_str()),
        (299, "line 299")
    );
}

#[tokio::test]
async fn metrics_recorded_in_a_plugin_reach_the_hosts_backend() {
    use crate::support::Record;
    use solti_plugin_host::{RunnerErrorKind, RunnerType, TaskOutcome};

    let host = Host::with(&["specimen"]);
    host.run(&command("s", "metrics", &[])).await.0.unwrap();
    let mut expected = Vec::new();
    for runner_type in RunnerType::ALL {
        expected.push(Record::Started(*runner_type));
        expected.extend(
            TaskOutcome::ALL
                .iter()
                .map(|o| Record::Completed(*runner_type, *o)),
        );
        expected.extend(
            RunnerErrorKind::ALL
                .iter()
                .map(|k| Record::Error(*runner_type, *k)),
        );
    }
    assert_eq!(host.metrics.all(), expected);
}

#[tokio::test]
async fn the_context_is_the_routers_when_the_task_is_built_not_when_the_plugin_was_loaded() {
    let mut host = Host::with(&["specimen"]);
    let mut env = RunnerEnv::new();
    env.push("COLOUR", "green");
    env.push("SIZE", "3");
    assert_eq!(env.iter().map(KeyValue::key).count(), 2);
    let context = host.router.context().clone().with_env(env);
    host.router = std::mem::take(&mut host.router).with_context(context);
    let (_, lines) = host.run(&command("s", "env", &[])).await;
    assert_eq!(texts(&lines), ["COLOUR=green", "SIZE=3"]);
}

#[tokio::test]
async fn shutdown_gives_tasks_a_bounded_chance_and_says_how_many_did_not_take_it() {
    // Shutting down is for the life of a library: each of these has one of its own.
    let host = Host::load(support::directory_with(&["specimen"]), PluginLoader::new());
    let plugin = host.report.loaded()[0].handle.clone();
    let polite = tokio::spawn(
        host.build(&command("a", "wait-for-cancel", &[]))
            .spawn(CancellationToken::new()),
    );
    let stubborn = tokio::spawn(
        host.build(&command("b", "sleep", &["60000"]))
            .spawn(CancellationToken::new()),
    );
    while plugin.active_tasks() < 2 {
        tokio::task::yield_now().await;
    }
    // Long enough for the polite one on a machine that is busy.
    let grace = Duration::from_secs(1);
    let outcome = tokio::task::spawn_blocking(move || plugin.shutdown(grace))
        .await
        .unwrap();
    assert_eq!(outcome.unfinished, 1);
    assert!(
        outcome.took >= grace && outcome.took < SOON,
        "{:?}",
        outcome.took
    );
    assert!(matches!(polite.await.unwrap(), Err(TaskError::Canceled)));
    assert!(matches!(stubborn.await.unwrap(), Err(TaskError::Canceled)));
    let (end, _) = host.run(&command("c", "ready", &[])).await;
    assert!(matches!(end, Err(TaskError::Canceled)), "{end:?}");
}
