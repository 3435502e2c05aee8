//! What goes wrong around a task, in exact words.

use std::path::Path;
use std::sync::Arc;

use solti_model::Runtime;
use solti_plugin_host::{
    BuildContext, PluginLoader, RunnerError, RunnerErrorKind, RunnerRouter, RunnerType, TaskOutcome,
};
use taskvisor::TaskError;

use super::{configured, failed, host, script, shell, shell_with};
use crate::support::{Record, Recorded, alone, command, directory_with};

#[tokio::test]
async fn an_exit_code_is_in_the_error() {
    let host = host();
    let (end, _) = host.run(&shell("exit 42")).await;
    assert_eq!(
        failed(end),
        ("process exited with non-zero code: 42".to_owned(), Some(42))
    );
    assert_eq!(
        host.metrics.all()[1],
        Record::Completed(RunnerType::Subprocess, TaskOutcome::Failure)
    );
}

#[tokio::test]
async fn a_death_by_signal_names_the_signal_and_has_no_exit_code() {
    let host = host();
    let (end, _) = host.run(&shell("kill -TERM $$")).await;
    assert_eq!(
        failed(end),
        (
            "process terminated by signal: 15 (SIGTERM)".to_owned(),
            None
        )
    );
}

/// The reason of an attempt that must not be tried again.
fn fatal(end: Result<(), TaskError>) -> String {
    match end {
        Err(TaskError::Fatal {
            reason,
            exit_code: None,
        }) => reason,
        other => panic!("instead of a fatal error: {other:?}"),
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named_and_counted() {
    let host = host();
    let (end, _) = host.run(&command("slot", "no-such-program", &[])).await;
    assert_eq!(
        fatal(end),
        "spawn failed: cannot start \"no-such-program\": No such file or directory (os error 2)"
    );
    assert_eq!(
        host.metrics.all(),
        [
            Record::Started(RunnerType::Subprocess),
            Record::Error(RunnerType::Subprocess, RunnerErrorKind::SpawnFailed),
            Record::Completed(RunnerType::Subprocess, TaskOutcome::Failure),
        ]
    );
}

#[tokio::test]
async fn a_working_directory_that_cannot_be_entered_is_not_blamed_on_the_program() {
    let host = host();
    let reason = async |cwd: &str| {
        let spec = shell_with("true", |spec| spec.cwd = Some(cwd.into()));
        fatal(host.run(&spec).await.0)
    };
    assert_eq!(
        reason("/no/such").await,
        "spawn failed: cannot enter the working directory \"/no/such\": \
         No such file or directory (os error 2)"
    );
    assert_eq!(
        reason("/dev/null").await,
        "spawn failed: the working directory \"/dev/null\" is not a directory"
    );
}

#[test]
fn a_script_file_that_cannot_be_made_is_an_error_and_counted() {
    const PLUGINS: &str = "SUBPROCESS_TEST_PLUGINS";
    const TEST: &str =
        "subprocess::failure::a_script_file_that_cannot_be_made_is_an_error_and_counted";
    // Kept outside, where it outlives the process that loads from it.
    let mut directory = None;
    if !alone(TEST, |command| {
        let directory = directory.insert(directory_with(&["subprocess"]));
        command
            .env(PLUGINS, directory.path())
            .env("TMPDIR", "/no/such");
    }) {
        return;
    }
    let plugins = std::env::var_os(PLUGINS).unwrap();
    let metrics = Arc::new(Recorded::default());
    let context = BuildContext::default().with_metrics(Arc::clone(&metrics) as _);
    let mut router = RunnerRouter::new().with_context(context);
    PluginLoader::new()
        .load_dir(Path::new(&plugins), &mut router)
        .unwrap();
    let built = router.build(&script(Runtime::Bash, "true", &[]));
    match built.map(|task| task.name().to_owned()) {
        Err(RunnerError::Io(reason)) => assert!(
            reason.starts_with(
                "cannot create a file for the script in \"/no/such\": \
                 No such file or directory (os error 2)"
            ),
            "{reason}"
        ),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        metrics.all(),
        [Record::Error(
            RunnerType::Subprocess,
            RunnerErrorKind::BackendConfigFailed
        )]
    );
}

#[test]
fn a_wrong_configuration_keeps_the_plugin_out_and_names_the_field() {
    for (config, reason) in [
        (
            "max_line_bytes = 0",
            "config.max_line_bytes: invalid value: integer `0`, expected a nonzero u32",
        ),
        (
            "stop_grace_ms = \"5s\"",
            "config.stop_grace_ms: invalid type: string \"5s\", expected u64",
        ),
        (
            "grace = 5",
            "config.grace: unknown field `grace`, expected `max_line_bytes` or `stop_grace_ms`",
        ),
    ] {
        let host = configured(config);
        let rejected = host.report.rejected();
        assert_eq!(rejected.len(), 1, "{}", host.report);
        let shown = host.report.to_string();
        assert!(shown.contains(reason), "{shown}");
    }
}
