//! A panic anywhere in a plugin is an error with its message, and the host goes on.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::json;
use solti_plugin_host::{PluginLoader, PluginLog, PluginRecord, RunnerError};
use taskvisor::TaskError;
use tracing::Level;
use tracing::level_filters::LevelFilter;

use crate::support::{self, Host, command, texts};

/// Keeps what plugins log.
#[derive(Default)]
struct Kept(Mutex<Vec<String>>);

impl PluginLog for Kept {
    fn max_level(&self) -> LevelFilter {
        LevelFilter::ERROR
    }

    fn enabled(&self, _: &str, level: Level, _: &str) -> bool {
        level == Level::ERROR
    }

    fn record(&self, record: &PluginRecord<'_>) {
        self.0
            .lock()
            .unwrap()
            .push(format!("{}: {}", record.plugin, record.message));
    }
}

fn host_with_config(config: serde_json::Value) -> (Host, Arc<Kept>) {
    let kept = Arc::new(Kept::default());
    let loader = PluginLoader::new()
        .config("specimen", config)
        .unwrap()
        .log(Arc::clone(&kept) as Arc<dyn PluginLog>);
    // A copy of its own: the log of a library is the one it was first connected with.
    let host = Host::load(support::directory_with(&["specimen"]), loader);
    (host, kept)
}

/// The panic was reported as expected, and the next task runs.
async fn still_works(host: &Host) {
    let (end, lines) = host.run(&command("after", "threads", &[])).await;
    end.unwrap();
    assert_eq!(texts(&lines), ["plugin-worker"]);
}

/// Checks a message with a place in it: what stands before and the source file.
fn assert_panic(message: &str, begins: &str, file: &str) {
    assert!(
        message.starts_with(begins) && message.contains(file),
        "{message}"
    );
}

#[tokio::test]
async fn a_panic_in_the_constructor_rejects_the_file() {
    let (host, _) = host_with_config(json!({ "panic": true }));
    let rejected = host.report.rejected()[0].to_string();
    assert_panic(
        &rejected,
        "specimen.so: rejected at connect: plugin 'specimen' panicked while it was constructed: \
         the constructor was told to panic (at ",
        "specimen/src/lib.rs:",
    );
    assert!(host.report.loaded().is_empty());
}

#[tokio::test]
async fn a_panic_in_supports_counts_as_no() {
    let host = Host::with(&["specimen"]);
    assert!(
        host.router
            .pick(&command("s", "panic-in-supports", &[]))
            .is_none()
    );
    assert_eq!(host.report.loaded()[0].handle.panics(), 1);
    still_works(&host).await;
}

#[tokio::test]
async fn a_panic_in_build_task_is_an_internal_error() {
    let host = Host::with(&["specimen"]);
    let Err(RunnerError::Internal(reason)) =
        host.router.build(&command("s", "panic-in-build", &[]))
    else {
        panic!("expected an internal error")
    };
    assert_panic(
        &reason,
        "plugin 'specimen' panicked: build_task was told to panic (at ",
        "specimen/src/lib.rs:",
    );
    still_works(&host).await;
}

#[tokio::test]
async fn a_panic_in_a_task_is_fatal_with_its_message() {
    let host = Host::with(&["specimen"]);
    for (behaviour, message) in [
        ("panic-in-spawn", "spawn was told to panic"),
        ("panic-before-await", "told to panic before the first await"),
        ("panic-after-await", "told to panic after the first await"),
        ("panic-in-drop", "told to panic in a destructor"),
    ] {
        let (end, _) = host.run(&command("s", behaviour, &[])).await;
        let Err(TaskError::Fatal {
            reason,
            exit_code: None,
        }) = end
        else {
            panic!("{end:?}")
        };
        let begins = format!("plugin 'specimen' panicked: {message} (at ");
        assert_panic(&reason, &begins, "specimen/src/");
        still_works(&host).await;
    }
    assert_eq!(host.report.loaded()[0].handle.panics(), 4);
}

#[tokio::test]
async fn a_panic_with_a_value_instead_of_a_text_still_says_where() {
    let host = Host::with(&["specimen"]);
    let (end, _) = host.run(&command("s", "panic-with-value", &[])).await;
    let reason = end.unwrap_err().to_string();
    assert!(
        reason.contains("a panic without a message (at "),
        "{reason}"
    );
    still_works(&host).await;
}

#[tokio::test]
async fn a_panic_in_a_task_that_the_plugin_spawned_itself_is_logged_and_counted() {
    let (host, kept) = host_with_config(json!({}));
    host.run(&command("s", "panic-in-subtask", &[]))
        .await
        .0
        .unwrap();
    let logged = kept.0.lock().unwrap().join("\n");
    assert!(
        logged.starts_with(
            "specimen: panicked in thread 'plugin-worker': told to panic in a task of its own (at "
        ),
        "{logged}"
    );
    assert_eq!(host.report.loaded()[0].handle.panics(), 1);
    still_works(&host).await;
}

#[tokio::test]
async fn a_panic_in_a_runners_destructor_is_logged_and_counted() {
    let (host, kept) = host_with_config(json!({ "panic_on_drop": true }));
    still_works(&host).await;
    let Host { router, report, .. } = host;
    drop(router);
    let began = std::time::Instant::now();
    while kept.0.lock().unwrap().is_empty() && began.elapsed() < support::SOON {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let logged = kept.0.lock().unwrap().join("\n");
    assert!(
        logged.starts_with(
            "specimen: panicked in the destructor of a runner: \
             the runner's destructor was told to panic (at "
        ),
        "{logged}"
    );
    assert_eq!(report.loaded()[0].handle.panics(), 1);
}

#[test]
fn a_panic_in_a_destructor_while_another_unwinds_ends_the_host_and_its_last_words_say_why() {
    let directory = support::directory_with(&["modern"]);
    let output = Command::new(e2e::solti_host())
        .args(["exec", "--plugins"])
        .arg(directory.path())
        .args(["--", "panic-twice"])
        .output()
        .unwrap();
    const SIGABRT: i32 = 6;
    assert_eq!(output.status.signal(), Some(SIGABRT), "{}", output.status);
    let stderr = String::from_utf8(output.stderr).unwrap();
    let begins = "plugin 'modern' ends this process by a panic that nothing can stop: ";
    let words = stderr.lines().find_map(|line| line.strip_prefix(begins));
    let panics: Vec<_> = words.expect(&stderr).split("; then ").collect();
    let [first, second, last] = panics[..] else {
        panic!("{stderr}");
    };
    let file = "modern/src/behaviour.rs:";
    assert_panic(first, "told to panic first (at ", file);
    assert_panic(second, "told to panic while it unwinds (at ", file);
    assert_panic(last, "panic in a destructor during cleanup", "");
}
