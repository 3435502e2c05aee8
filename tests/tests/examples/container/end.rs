//! How a container ends, and how the engine's own failures are told from it.

use solti_plugin_host::{RunnerErrorKind, TaskOutcome};

use taskvisor::TaskError;

use super::fake::Fake;
use super::{STARTED, completed, failed, failure_of, fatal, spec, spec_with};

#[tokio::test]
async fn an_exit_code_is_the_containers() {
    let fake = Fake::new().on("run", "exit 42");
    let host = fake.host();
    let (end, _) = host.run(&spec()).await;
    assert_eq!(
        failed(end),
        (
            "container exited with non-zero code: 42".to_owned(),
            Some(42)
        )
    );
    assert_eq!(
        host.metrics.all(),
        [STARTED, completed(TaskOutcome::Failure)]
    );
    fake.removed().await;
    // It has ended: nobody is asked to stop it.
    assert!(fake.calls_of("stop").is_empty());
}

#[tokio::test]
async fn what_the_engine_could_not_start_is_told_apart_and_counted() {
    for (code, reason) in [
        (
            125,
            "the engine could not start the container: Error: because",
        ),
        (
            126,
            "the container's command cannot be executed: Error: because",
        ),
        (127, "the container's command was not found: Error: because"),
    ] {
        // A container that was made and not started, and one that was not even made.
        for state in [
            "echo created; exit",
            "echo 'no such container' >&2; exit 125",
        ] {
            let fake = Fake::new()
                .on("run", &format!("echo 'Error: because' >&2; exit {code}"))
                .on("inspect", state);
            let host = fake.host();
            let (end, _) = host.run(&spec()).await;
            assert_eq!(fatal(end), reason);
            assert_eq!(host.metrics.all(), failure_of(RunnerErrorKind::SpawnFailed));
            fake.removed().await;
        }
    }
}

#[tokio::test]
async fn a_container_that_exits_as_engines_do_when_they_fail_is_not_mistaken_for_that() {
    for code in [125, 126, 127] {
        let fake = Fake::new().on("run", &format!("exit {code}"));
        let host = fake.host();
        let (end, _) = host.run(&spec()).await;
        assert_eq!(
            failed(end),
            (
                format!("container exited with non-zero code: {code}"),
                Some(code)
            )
        );
        assert_eq!(
            host.metrics.all(),
            [STARTED, completed(TaskOutcome::Failure)]
        );
    }
}

#[tokio::test]
async fn an_engine_that_gives_no_reason_is_quoted_with_its_status() {
    let fake = Fake::new()
        .on("run", "exit 125")
        .on("inspect", "echo created; exit");
    let (end, _) = fake.host().run(&spec()).await;
    assert_eq!(
        fatal(end),
        "the engine could not start the container: it gave no reason (exit status: 125)"
    );
}

#[tokio::test]
async fn a_container_whose_engine_was_killed_is_stopped_and_removed() {
    let fake = Fake::new().on("run", "kill -9 $$");
    let host = fake.host();
    let (end, _) = host.run(&spec()).await;
    assert_eq!(
        failed(end),
        (
            "the engine's process was terminated by signal: 9 (SIGKILL)".to_owned(),
            None
        )
    );
    assert_eq!(host.metrics.all(), failure_of(RunnerErrorKind::SpawnFailed));
    fake.removed().await;
    let stop = format!("stop|-t|4|{}|", fake.container());
    assert_eq!(fake.calls_of("stop"), [stop]);
}

/// The engine's words end in a terminal: in the reason of a task, and in a warning at the start.
#[tokio::test]
async fn an_engine_that_says_too_much_is_quoted_in_short_and_without_control_characters() {
    const SAY: &str =
        "printf 'Error: \\033[31m' >&2; head -c 900000 /dev/zero | tr '\\0' z >&2; exit 125";
    for verb in ["image", "version", "run"] {
        let fake = Fake::new()
            .on(verb, SAY)
            .on("inspect", "echo created; exit")
            .on("pull", SAY);
        let (end, _) = fake.host().run(&spec()).await;
        let (Err(TaskError::Fail { reason, .. }) | Err(TaskError::Fatal { reason, .. })) = end
        else {
            panic!("instead of a failure: {end:?}");
        };
        assert!(reason.len() < 1200, "{verb}: {} bytes", reason.len());
        assert!(reason.contains("z … z"), "{verb}: {reason}");
        assert!(!reason.contains(char::is_control), "{verb}: {reason:?}");
    }
}

#[tokio::test]
async fn a_task_that_is_too_long_for_a_command_is_not_the_engines_fault() {
    let fake = Fake::new();
    let host = fake.host();
    // Together longer than any system takes, and one that is longer than Linux takes of one.
    for args in [vec!["x".repeat(100_000); 100], vec!["x".repeat(200_000)]] {
        let (end, _) = host.run(&spec_with("image", |spec| spec.args = args)).await;
        assert_eq!(
            fatal(end),
            "the task's arguments and environment are too long for the container engine's command: \
             Argument list too long (os error 7); shorten them, or put them into the image"
        );
    }
    assert_eq!(
        host.metrics.all()[..3],
        failure_of(RunnerErrorKind::SpawnFailed)
    );
}
