//! A container is stopped and removed however its attempt ends.

use std::time::{Duration, Instant};

use solti_plugin_host::{RunnerErrorKind, TaskOutcome};
use taskvisor::TaskError;

use super::fake::{ENDLESS, Fake};
use super::{Attempt, failed, failure_of, outcome, runs, spec, until};
use crate::support::texts;

#[tokio::test]
async fn cancelling_stops_the_container_and_waits_for_its_removal() {
    let fake = Fake::new().on("run", ENDLESS);
    let host = fake.host_with("stop_grace_seconds = 7");
    let mut attempt = Attempt::of(&host, &spec());
    assert_eq!(attempt.line().await, "ready");
    attempt.cancel.cancel();
    assert!(matches!(attempt.end().await, Err(TaskError::Canceled)));
    // What it wrote when it was told to end has arrived.
    assert_eq!(attempt.line().await, "got stop");
    let name = fake.container();
    assert_eq!(fake.calls_of("stop"), [format!("stop|-t|7|{name}|")]);
    assert_eq!(
        fake.calls().last(),
        Some(&format!("rm|--force|--volumes|{name}|"))
    );
    assert_eq!(outcome(&host).await, TaskOutcome::Canceled);
}

#[tokio::test]
async fn dropping_the_future_stops_and_removes_in_the_background() {
    let fake = Fake::new().on("run", ENDLESS);
    let host = fake.host();
    let mut attempt = Attempt::of(&host, &spec());
    assert_eq!(attempt.line().await, "ready");
    attempt.drop_future().await;
    assert_eq!(attempt.line().await, "got stop");
    fake.removed().await;
    assert_eq!(outcome(&host).await, TaskOutcome::Canceled);
}

#[tokio::test]
async fn a_timeout_of_the_supervisor_is_recorded_as_one_and_removes_the_container() {
    const TIMEOUT: Duration = Duration::from_secs(1);
    let fake = Fake::new().on("run", ENDLESS);
    let host = fake.host();
    let spec =
        solti_model::TaskSpec::builder("slot", spec().kind().clone(), TIMEOUT.as_millis() as u64)
            .build()
            .unwrap();
    let mut attempt = Attempt::start(&host, &host.build(&spec), TIMEOUT);
    assert_eq!(attempt.line().await, "ready");
    assert!(matches!(
        attempt.end().await,
        Err(TaskError::Timeout { .. })
    ));
    fake.removed().await;
    assert_eq!(outcome(&host).await, TaskOutcome::Timeout);
}

#[tokio::test]
async fn the_shutdown_of_a_plugin_waits_for_removals_under_way() {
    // The removal takes so long that it would be cut off otherwise.
    let fake = Fake::new()
        .on("run", ENDLESS)
        .on("rm", "sleep 0.5; : >$here/done");
    let host = fake.host();
    let mut attempt = Attempt::of(&host, &spec());
    assert_eq!(attempt.line().await, "ready");
    attempt.drop_future().await;
    let plugin = host.report.loaded()[0].handle.clone();
    tokio::task::spawn_blocking(move || plugin.shutdown(Duration::from_secs(20)))
        .await
        .unwrap();
    assert!(fake.directory().join("done").exists());
}

#[tokio::test]
async fn a_container_that_is_not_there_yet_is_asked_again() {
    // `run` waits until `stop` has failed once.
    let fake = Fake::new()
        .on("run", &format!(": >$here/running; while ! test -e $here/asked; do sleep 0.01; done; {ENDLESS}"))
        .on("stop", "if ! test -e $here/asked; then : >$here/asked; echo 'no such container' >&2; exit 125; fi");
    let host = fake.host();
    let mut attempt = Attempt::of(&host, &spec());
    until("the engine runs", || {
        fake.directory().join("running").exists()
    })
    .await;
    attempt.cancel.cancel();
    assert!(matches!(attempt.end().await, Err(TaskError::Canceled)));
    assert_eq!(attempt.line().await, "ready");
    assert_eq!(attempt.line().await, "got stop");
    assert!(fake.calls_of("stop").len() >= 2);
}

/// A call that hangs, as a piece of script that leaves its number and that of its child.
const HANG: &str = "echo $$ >>$here/hanging; sleep 600 & echo $! >>$here/hanging; wait";

/// Waits until all that hung has been killed.
async fn nothing_hangs(fake: &Fake) {
    let pids = std::fs::read_to_string(fake.directory().join("hanging")).unwrap();
    assert!(!pids.is_empty());
    for pid in pids.lines() {
        let pid = pid.parse().unwrap();
        until(&format!("process {pid} is killed"), || !runs(pid)).await;
    }
}

#[tokio::test]
async fn an_engine_that_hangs_before_the_run_is_an_error_of_its_own() {
    for (verb, title) in [
        ("version", "engine --version"),
        ("image", "engine image inspect"),
    ] {
        let fake = Fake::new().on(verb, HANG);
        let host = fake.host_with("engine_timeout_seconds = 1");
        let (end, _) = host.run(&spec()).await;
        assert_eq!(
            failed(end),
            (
                format!("the container engine hangs: {title:?} gave no answer within 1s"),
                None
            )
        );
        assert_eq!(
            host.metrics.all(),
            failure_of(RunnerErrorKind::BackendConfigFailed)
        );
        nothing_hangs(&fake).await;
    }
}

#[tokio::test]
async fn a_pull_that_hangs_ends_with_the_attempt() {
    let fake = Fake::new().on("image", "exit 1").on("pull", HANG);
    let host = fake.host();
    let mut attempt = Attempt::of(&host, &spec());
    let hanging = fake.directory().join("hanging");
    let both = || std::fs::read_to_string(&hanging).is_ok_and(|pids| pids.lines().count() == 2);
    until("the pull hangs", both).await;
    attempt.cancel.cancel();
    assert!(matches!(attempt.end().await, Err(TaskError::Canceled)));
    nothing_hangs(&fake).await;
}

#[tokio::test]
async fn an_engine_that_hangs_in_everything_does_not_keep_a_cancelled_task_for_ever() {
    let fake = Fake::new()
        .on("run", &format!("echo ready; {HANG}"))
        .on("stop", HANG)
        .on("rm", HANG);
    let host = fake.host_with("engine_timeout_seconds = 1\nstop_grace_seconds = 0");
    let mut attempt = Attempt::of(&host, &spec());
    assert_eq!(attempt.line().await, "ready");
    attempt.cancel.cancel();
    assert!(matches!(attempt.end().await, Err(TaskError::Canceled)));
    // An engine that hangs is not asked to kill as well.
    assert!(fake.calls_of("kill").is_empty());
    assert_eq!(fake.calls_of("stop").len(), 1);
    nothing_hangs(&fake).await;
}

#[tokio::test]
async fn an_engine_that_stays_attached_to_a_stopped_container_is_killed() {
    // Asked to stop, this engine says that it did, and `run` does not end.
    let fake = Fake::new()
        .on("run", &format!("echo ready; {HANG}"))
        .on("stop", "exit 0");
    let host = fake.host_with("stop_grace_seconds = 0");
    let mut attempt = Attempt::of(&host, &spec());
    assert_eq!(attempt.line().await, "ready");
    attempt.cancel.cancel();
    assert!(matches!(attempt.end().await, Err(TaskError::Canceled)));
    assert_eq!(fake.calls_of("kill").len(), 1);
    assert_eq!(fake.calls_of("rm").len(), 2);
    nothing_hangs(&fake).await;
}

#[tokio::test]
async fn tasks_that_wait_for_an_engine_that_hangs_fail_together() {
    let fake = Fake::new().on("version", HANG);
    let host = fake.host_with("engine_timeout_seconds = 1");
    let began = Instant::now();
    let mut attempts: Vec<_> = (0..10).map(|_| Attempt::of(&host, &spec())).collect();
    for attempt in &mut attempts {
        failed(attempt.end().await);
    }
    // One after another they would take ten seconds.
    assert!(began.elapsed() < Duration::from_secs(8));
    // One process for all of them, after the one for the plugin at its start.
    let asked = fake.calls_of("--version").len();
    assert!(asked <= 2, "{asked}");
    nothing_hangs(&fake).await;
}

#[tokio::test]
async fn an_engine_that_exits_takes_with_it_what_it_has_started() {
    // One of them keeps the output open, the other does not.
    const LEAVE: &str = "sleep 600 & echo $! >>$here/hanging
        sleep 600 >/dev/null 2>&1 & echo $! >>$here/hanging";
    for verb in ["version", "image", "run", "rm"] {
        let fake = Fake::new().on(verb, LEAVE);
        let host = fake.host_with("engine_timeout_seconds = 5");
        host.run(&spec()).await.0.unwrap();
        nothing_hangs(&fake).await;
    }
    for kept in ["", ">/dev/null 2>&1"] {
        let run = format!("sleep 600 {kept} & echo $! >>$here/hanging; echo hi; exit 3");
        let fake = Fake::new().on("run", &run);
        let (end, lines) = fake.host().run(&spec()).await;
        assert_eq!(failed(end).1, Some(3));
        assert_eq!(texts(&lines), ["hi"]);
        nothing_hangs(&fake).await;
    }
    let fake = Fake::new()
        .on("run", &format!("{LEAVE}\n{ENDLESS}"))
        .on("stop", LEAVE);
    let host = fake.host();
    let mut attempt = Attempt::of(&host, &spec());
    assert_eq!(attempt.line().await, "ready");
    attempt.cancel.cancel();
    assert!(matches!(attempt.end().await, Err(TaskError::Canceled)));
    assert_eq!(attempt.line().await, "got stop");
    // The container ended by itself, however long its output stayed open.
    assert!(fake.calls_of("kill").is_empty());
    nothing_hangs(&fake).await;
}

#[tokio::test]
async fn the_last_line_of_what_an_engine_has_started_is_not_cut_off() {
    let fake = Fake::new().on("run", "(sleep 0.2; echo last) & echo first; exit 0");
    let (end, lines) = fake.host().run(&spec()).await;
    end.unwrap();
    assert_eq!(texts(&lines), ["first", "last"]);
}
