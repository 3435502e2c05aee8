//! Which engine is used, and what is said when there is none.

use solti_plugin_host::{RunnerErrorKind, TaskOutcome};
use tokio_util::sync::CancellationToken;

use super::fake::Fake;
use super::{STARTED, completed, configured, failure_of, fatal, spec};
use crate::support::{Host, alone};

#[tokio::test]
async fn a_machine_without_an_engine_loads_the_plugin_and_fails_its_tasks() {
    const TEST: &str =
        "container::which::a_machine_without_an_engine_loads_the_plugin_and_fails_its_tasks";
    let empty = tempfile::tempdir().unwrap();
    if !alone(TEST, |command| {
        command.env("PATH", empty.path());
    }) {
        return;
    }
    let host = Host::with(&["container"]);
    let task = host.build(&spec());
    let end = task.spawn(CancellationToken::new()).await;
    assert_eq!(
        fatal(end),
        "no container engine found: looked for podman, docker, nerdctl in PATH; install one of \
         them, or name one in config.engine"
    );
    assert_eq!(
        host.metrics.all(),
        failure_of(RunnerErrorKind::BackendConfigFailed)
    );

    // One that is installed later is found without a restart.
    let path = std::env::var("PATH").unwrap();
    let fake = Fake::new();
    std::os::unix::fs::symlink(fake.directory().join("engine"), format!("{path}/nerdctl")).unwrap();
    let end = task.spawn(CancellationToken::new()).await;
    end.unwrap();
    assert_eq!(
        host.metrics.all()[3..],
        [STARTED, completed(TaskOutcome::Success)]
    );
}

#[tokio::test]
async fn podman_is_taken_before_docker_and_docker_before_nerdctl() {
    const TEST: &str = "container::which::podman_is_taken_before_docker_and_docker_before_nerdctl";
    let fake = Fake::new().on("version", "echo ${0##*/} >$here/taken");
    for engine in ["podman", "docker", "nerdctl"] {
        fake.executable(engine);
    }
    if !alone(TEST, |command| {
        command.env("PATH", fake.directory());
    }) {
        return;
    }
    let path = std::env::var("PATH").unwrap();
    for engine in ["podman", "docker", "nerdctl"] {
        Host::with(&["container"]).run(&spec()).await.0.unwrap();
        let taken = std::fs::read_to_string(format!("{path}/taken")).unwrap();
        assert_eq!(taken, format!("{engine}\n"));
        std::fs::remove_file(format!("{path}/{engine}")).unwrap();
    }
}

#[test]
fn a_configured_engine_that_is_not_there_keeps_the_plugin_out() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let file = file.path().to_str().unwrap();
    for (config, reason) in [
        (
            "engine = \"no-such-engine\"",
            "config.engine: \"no-such-engine\" is not in PATH".to_owned(),
        ),
        (
            "engine = \"/no/such/engine\"",
            "config.engine: \"/no/such/engine\" cannot be used: \
             No such file or directory (os error 2)"
                .to_owned(),
        ),
        (
            &format!("engine = {file:?}"),
            format!("config.engine: {file:?} is not an executable file"),
        ),
        (
            "memory = \"x\"",
            "config.memory: \"x\" is not a size".to_owned(),
        ),
        (
            "run_args = [\"--rm\"]",
            "config.run_args: \"--rm\" cannot be used here: the plugin asks the engine how a \
             container ended and then removes it"
                .to_owned(),
        ),
        (
            "pull = \"sometimes\"",
            "config.pull: expected missing, always or never, found \"sometimes\"".to_owned(),
        ),
        (
            "images = 1",
            "config.images: unknown field, expected engine, runtime, ".to_owned(),
        ),
        (
            "engine_timeout_seconds = 0",
            "config.engine_timeout_seconds: expected a whole number from 1 to 4294967295, found 0"
                .to_owned(),
        ),
    ] {
        let host = configured(config);
        assert_eq!(host.report.rejected().len(), 1, "{}", host.report);
        let shown = host.report.to_string();
        assert!(shown.contains(&reason), "{shown}");
    }
}

#[tokio::test]
async fn an_engine_that_went_away_is_named() {
    let fake = Fake::new();
    let host = fake.host();
    let program = fake.directory().join("engine");
    std::fs::remove_file(&program).unwrap();
    let (end, _) = host.run(&spec()).await;
    assert_eq!(
        fatal(end),
        format!(
            "the container engine {program:?} cannot be started: \
             No such file or directory (os error 2)"
        )
    );
    assert_eq!(
        host.metrics.all(),
        failure_of(RunnerErrorKind::BackendConfigFailed)
    );
}
