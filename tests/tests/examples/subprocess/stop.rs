//! Nothing of a task outlives its end by force, and nobody else is hurt.

use std::time::{Duration, Instant};

use solti_model::{TaskKind, TaskSpec};
use solti_plugin_host::{PluginLoader, RunnerType, TaskOutcome};
use taskvisor::TaskError;
use tokio_util::sync::CancellationToken;

use super::{Attempt, configured, ended, host, reaped, shell, state, until};
use crate::support::{Host, Record, SOON, directory_with};

/// What the attempt was recorded as; waits for the record.
async fn recorded(host: &Host) -> TaskOutcome {
    until("the attempt is recorded", || host.metrics.all().len() >= 2).await;
    match host.metrics.all()[..] {
        [
            Record::Started(RunnerType::Subprocess),
            Record::Completed(RunnerType::Subprocess, outcome),
        ] => outcome,
        ref other => panic!("{other:?}"),
    }
}

/// A shell, its child and its grandchild, all of which name themselves and wait.
const FAMILY: &str = "echo $$; sh -c 'echo $$; sleep 600 & echo $!; wait' & wait";

/// A shell, and below it a process in a session of its own with a child.
const SETSID: &str = "echo $$; setsid sh -c 'echo $$; sleep 600 & echo $!; wait' & wait";

#[tokio::test]
async fn cancelling_kills_all_descendants_and_reaps_the_child() {
    for script in [FAMILY, SETSID] {
        let host = host();
        let mut attempt = Attempt::of(&host, &shell(script));
        let child = attempt.pid().await;
        let descendants = [attempt.pid().await, attempt.pid().await];
        attempt.cancel.cancel();
        assert!(matches!(attempt.end().await, Err(TaskError::Canceled)));
        // Reaped before the end was reported, so no waiting here.
        assert_eq!(state(child), None);
        for pid in descendants {
            ended(pid).await;
        }
        assert_eq!(recorded(&host).await, TaskOutcome::Canceled);
    }
}

#[tokio::test]
async fn dropping_the_future_kills_all_descendants_and_reaps_the_child() {
    for script in [FAMILY, SETSID] {
        let host = host();
        let mut attempt = Attempt::of(&host, &shell(script));
        let child = attempt.pid().await;
        let descendants = [attempt.pid().await, attempt.pid().await];
        attempt.drop_future().await;
        reaped(child).await;
        for pid in descendants {
            ended(pid).await;
        }
        assert_eq!(recorded(&host).await, TaskOutcome::Canceled);
    }
}

#[tokio::test]
async fn a_timeout_of_the_supervisor_is_recorded_as_one_and_kills_the_task() {
    const TIMEOUT: Duration = Duration::from_secs(1);
    let host = host();
    let TaskKind::Subprocess(subprocess) = shell("echo $$; exec sleep 600").kind().clone() else {
        unreachable!("it is a subprocess");
    };
    let spec = TaskSpec::builder(
        "slot",
        TaskKind::Subprocess(subprocess),
        TIMEOUT.as_millis() as u64,
    )
    .build()
    .unwrap();
    let task = host.build(&spec);
    let mut attempt = Attempt::start_within(&host, &task, TIMEOUT);
    let child = attempt.pid().await;
    assert!(matches!(
        attempt.end().await,
        Err(TaskError::Timeout { .. })
    ));
    reaped(child).await;
    assert_eq!(recorded(&host).await, TaskOutcome::Timeout);
}

#[tokio::test]
async fn what_a_task_wrote_before_it_was_stopped_arrives_without_a_line_end_too() {
    let host = host();
    let script = "echo first; printf 'waiting for the lock... '; echo $$ >&2; exec sleep 600";
    for cancel in [true, false] {
        let mut attempt = Attempt::of(&host, &shell(script));
        let mut first = [attempt.line().await, attempt.line().await];
        first.sort();
        assert_eq!(first[1], "first");
        if cancel {
            attempt.cancel.cancel();
        } else {
            attempt.drop_future().await;
        }
        assert_eq!(attempt.line().await, "waiting for the lock... ");
        reaped(first[0].parse().unwrap()).await;
    }
}

#[tokio::test]
async fn a_task_that_never_stops_writing_can_be_cancelled() {
    let host = host();
    let task = host.build(&shell("exec yes"));
    let cancel = CancellationToken::new();
    let running = tokio::spawn(task.spawn(cancel.clone()));
    let events = host
        .registry
        .subscribe(&solti_model::TaskId::from(task.name()))
        .unwrap();
    // More than one read of it, and more than the runtime lets pass in one go.
    until("it has written", || events.len() > 60_000).await;
    cancel.cancel();
    let end = tokio::time::timeout(SOON, running).await;
    let end = end.expect("it ends soon").unwrap();
    assert!(matches!(end, Err(TaskError::Canceled)));
}

#[tokio::test]
async fn a_background_process_that_holds_the_output_can_be_cancelled() {
    let host = host();
    let mut attempt = Attempt::of(&host, &shell("sleep 600 & echo $!; echo $$"));
    let background = attempt.pid().await;
    ended(attempt.pid().await).await;
    assert!(state(background).is_some());
    attempt.cancel.cancel();
    assert!(matches!(attempt.end().await, Err(TaskError::Canceled)));
    ended(background).await;
}

#[tokio::test]
async fn a_cancelled_task_is_asked_first_and_killed_before_the_host_gives_it_up() {
    for (told, asked) in [(Some(2_000), 1_600), (None, 4_000)] {
        let loader = told.map_or_else(PluginLoader::new, |grace| {
            PluginLoader::new().grace(Duration::from_millis(grace))
        });
        let host = Host::load(directory_with(&["subprocess"]), loader);
        let mut asked_kindly = Attempt::of(
            &host,
            &shell(
                "trap 'echo asked; exit' TERM; echo ready; while :; do sleep 0.01; done 2>/dev/null",
            ),
        );
        assert_eq!(asked_kindly.line().await, "ready");
        asked_kindly.cancel.cancel();
        assert_eq!(asked_kindly.line().await, "asked");
        assert!(matches!(asked_kindly.end().await, Err(TaskError::Canceled)));

        let mut stubborn = Attempt::of(
            &host,
            &shell("trap '' TERM; echo $$; while :; do sleep 0.01; done"),
        );
        let pid = stubborn.pid().await;
        let began = Instant::now();
        stubborn.cancel.cancel();
        assert!(matches!(stubborn.end().await, Err(TaskError::Canceled)));
        assert!(
            began.elapsed() >= Duration::from_millis(asked),
            "{:?}",
            began.elapsed()
        );
        if let Some(told) = told {
            // A machine that is busy has a little more.
            assert!(
                began.elapsed() < Duration::from_millis(told),
                "{:?}",
                began.elapsed()
            );
        }
        ended(pid).await;
    }
}

#[tokio::test]
async fn with_a_grace_a_task_may_end_by_itself() {
    let host = configured("stop_grace_ms = 600000");
    // A stray is asked too: its parent does not pass the signal on.
    let script = "trap 'wait; echo tidied; exit' TERM; \
                  setsid sh -c 'trap \"echo stray; exit\" TERM; echo ready; \
                  while :; do sleep 0.01; done 2>/dev/null' & \
                  wait; wait";
    let mut attempt = Attempt::of(&host, &shell(script));
    assert_eq!(attempt.line().await, "ready");
    attempt.cancel.cancel();
    assert_eq!(attempt.line().await, "stray");
    assert_eq!(attempt.line().await, "tidied");
    assert!(matches!(attempt.end().await, Err(TaskError::Canceled)));
    assert_eq!(recorded(&host).await, TaskOutcome::Canceled);
}

#[tokio::test]
async fn a_grace_is_waited_for_when_the_output_was_closed_long_ago() {
    let host = configured("stop_grace_ms = 600000");
    let directory = tempfile::tempdir().unwrap();
    let (closed, tidied) = (
        directory.path().join("closed"),
        directory.path().join("tidied"),
    );
    let script = format!(
        "trap 'sleep 0.2; touch {}; exit' TERM; exec >/dev/null 2>&1; touch {}; \
         while :; do sleep 0.01; done",
        tidied.display(),
        closed.display(),
    );
    let mut attempt = Attempt::of(&host, &shell(&script));
    until("the output is closed", || closed.exists()).await;
    attempt.cancel.cancel();
    assert!(matches!(attempt.end().await, Err(TaskError::Canceled)));
    assert!(tidied.exists());
}

#[tokio::test]
async fn a_task_that_ignores_the_request_is_killed_when_the_grace_is_over() {
    let host = configured("stop_grace_ms = 100");
    let script = "trap '' TERM; setsid sh -c 'echo $$; while :; do sleep 600; done' & echo $$; \
                  while :; do sleep 600; done";
    let mut attempt = Attempt::of(&host, &shell(script));
    let pids = [attempt.pid().await, attempt.pid().await];
    attempt.cancel.cancel();
    assert!(matches!(attempt.end().await, Err(TaskError::Canceled)));
    for pid in pids {
        ended(pid).await;
    }
}

#[tokio::test]
async fn other_tasks_are_not_hurt_when_one_is_stopped() {
    let host = host();
    let mut stopped = Attempt::of(&host, &shell(SETSID));
    let mut spared = Attempt::of(&host, &shell(FAMILY));
    let mut pids = Vec::new();
    for _ in 0..3 {
        stopped.pid().await;
        pids.push(spared.pid().await);
    }
    stopped.cancel.cancel();
    assert!(matches!(stopped.end().await, Err(TaskError::Canceled)));
    for pid in &pids {
        let state = state(*pid);
        assert!(matches!(state, Some('S' | 'R' | 'D')), "{pid}: {state:?}");
    }
    spared.cancel.cancel();
    assert!(matches!(spared.end().await, Err(TaskError::Canceled)));
}
