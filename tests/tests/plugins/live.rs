//! Plugins that are replaced while a host of its own kind runs them: its supervisor, its attempts.

use std::fs;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use solti_plugin_host::solti_model::{OutputEvent, TaskId};
use solti_plugin_host::supervise::{Outcome, Supervisor};
use solti_plugin_host::tokio_util::sync::CancellationToken;
use solti_plugin_host::{
    BuildContext, LivePlugins, OutputRegistry, PluginLoader, RunId, RunnerRouter, Spawn,
};

use crate::support::command;

fn put(directory: &Path, name: &str, bytes: &[u8]) {
    let path = directory.join(name);
    let unfinished = path.with_extension("part");
    fs::write(&unfinished, bytes).unwrap();
    fs::set_permissions(&unfinished, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(unfinished, path).unwrap();
}

/// The other tests of this process open libraries as well.
fn unlimited() -> PluginLoader {
    PluginLoader::new().max_images(u64::MAX, u64::MAX)
}

fn version(package: &str, number: u8) -> Vec<u8> {
    let mut bytes = fs::read(e2e::plugin(package)).unwrap();
    bytes.push(number);
    bytes
}

/// A task that was built before its plugin was replaced has its next attempt with the new one, with all that
/// its supervisor gives it: number, standard input, sink.
#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_after_a_replacement_gets_what_its_supervisor_gives_it() {
    let directory = tempfile::tempdir().unwrap();
    put(directory.path(), "subprocess.so", &version("subprocess", 0));
    let registry = Arc::new(OutputRegistry::new(256));
    let context = BuildContext::default().with_output_registry(Arc::clone(&registry));
    let router = RunnerRouter::new().with_context(context);
    let path = directory.path().to_owned();
    let load = move || LivePlugins::load_dir_behind(router, unlimited(), path);
    let plugins = tokio::task::spawn_blocking(load).await.unwrap().unwrap();
    let plugins = Arc::new(plugins);

    let context = plugins.router().context().clone();
    let context = context.with_run_id(RunId::from_parts("run-1".to_owned(), 1));
    let spec = command("s", "sh", &["-c", "read word; echo got $word"]);
    let task = plugins
        .router()
        .build_async_in(&spec, context)
        .await
        .unwrap();
    let id = TaskId::from(task.name());
    registry.ensure_channel(id.clone());
    let mut events = registry.subscribe(&id).unwrap();
    for number in 1..=6_u32 {
        if number > 1 {
            put(
                directory.path(),
                "subprocess.so",
                &version("subprocess", number as u8),
            );
            let reloading = Arc::clone(&plugins);
            let changes = tokio::task::spawn_blocking(move || reloading.reload().unwrap());
            let changes = changes.await.unwrap();
            assert_eq!(changes.replaced.len(), 1, "{changes}");
        }
        let (stdin, mut words) = std::io::pipe().unwrap();
        writeln!(words, "word-{number}").unwrap();
        drop(words);
        let attempt = Spawn::new(number)
            .with_stdin(OwnedFd::from(stdin))
            .with_sink(registry.sink_for(id.clone(), number))
            .begin(&task, CancellationToken::new());
        attempt.future.await.unwrap();
        assert_eq!(attempt.control.outcome().exit_code, Some(0));
        let chunk = loop {
            if let OutputEvent::Chunk(chunk) = events.recv().await.unwrap() {
                break chunk;
            }
        };
        assert_eq!(chunk.attempt, number);
        assert_eq!(&chunk.line[..], format!("got word-{number}").as_bytes());
    }

    // Where no plugin takes it any more, the attempt has failed, and says why.
    fs::remove_file(directory.path().join("subprocess.so")).unwrap();
    let reloading = Arc::clone(&plugins);
    tokio::task::spawn_blocking(move || reloading.reload().unwrap())
        .await
        .unwrap();
    let attempt = Spawn::new(7).begin(&task, CancellationToken::new());
    let err = attempt.future.await.unwrap_err();
    assert!(
        err.to_string()
            .contains("its plugin is no longer in service, and no other has built it"),
        "{err}"
    );
    let began = Instant::now();
    while plugins.departed().iter().any(|it| it.active.is_some()) {
        assert!(began.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(plugins.departed().len(), 6);
    let attempts = plugins.attempts();
    assert_eq!(attempts["subprocess"].succeeded, 6, "{attempts:?}");
}

/// Builds that begin while the plugin is replaced lead to tasks all the same.
#[tokio::test(flavor = "multi_thread")]
async fn no_build_and_no_attempt_fails_since_its_plugin_is_replaced_at_that_moment() {
    let directory = tempfile::tempdir().unwrap();
    put(directory.path(), "specimen.so", &version("specimen", 0));
    let path = directory.path().to_owned();
    let load = move || LivePlugins::load_dir(unlimited(), path);
    let plugins = Arc::new(tokio::task::spawn_blocking(load).await.unwrap().unwrap());
    let (stop, spec) = (
        CancellationToken::new(),
        Arc::new(command("s", "ready", &[])),
    );
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let (plugins, stop, spec) = (Arc::clone(&plugins), stop.clone(), Arc::clone(&spec));
            tokio::spawn(async move {
                let mut done = 0;
                while !stop.is_cancelled() {
                    let router = plugins.router();
                    let task = router.build_async(&spec).await.unwrap();
                    for _ in 0..3 {
                        task.spawn(CancellationToken::new()).await.unwrap();
                        done += 1;
                    }
                }
                done
            })
        })
        .collect();
    for number in 1..=20 {
        put(
            directory.path(),
            "specimen.so",
            &version("specimen", number),
        );
        let reloading = Arc::clone(&plugins);
        let changes = tokio::task::spawn_blocking(move || reloading.reload().unwrap());
        assert_eq!(changes.await.unwrap().replaced.len(), 1);
    }
    stop.cancel();
    let mut done = 0;
    for worker in workers {
        done += worker.await.unwrap();
    }
    assert!(done > 100, "{done}");
}

/// A supervisor that was made once runs each task with the plugins of its moment.
#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_of_plugins_that_come_and_go_has_the_next_task_run_by_those_of_now() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_owned();
    let load = move || LivePlugins::load_dir(unlimited(), path);
    let plugins = tokio::task::spawn_blocking(load).await.unwrap().unwrap();
    let plugins = Arc::new(plugins);
    let reload = async || {
        let reloading = Arc::clone(&plugins);
        let reload = move || reloading.reload().unwrap();
        tokio::task::spawn_blocking(reload).await.unwrap()
    };
    let supervisor = Supervisor::new(Arc::clone(&plugins));
    let spec = || command("s", "echo", &["here"]);
    assert!(supervisor.start(spec()).is_over());
    for number in 1..=2 {
        put(
            directory.path(),
            "subprocess.so",
            &version("subprocess", number),
        );
        reload().await;
        let mut task = supervisor.start(spec());
        let output = task.output().await.unwrap();
        let mut written = Vec::new();
        output
            .write_to(&mut written, std::io::sink())
            .await
            .unwrap();
        assert_eq!(written, b"here\n");
        let end = task.end().await;
        assert_eq!(end.outcome, Outcome::Succeeded);
        let by: Vec<_> = end.plugins.iter().map(|it| &**it).collect();
        assert_eq!(by, ["subprocess"]);
    }
    fs::remove_file(directory.path().join("subprocess.so")).unwrap();
    reload().await;
    let end = supervisor.start(spec()).end().await;
    assert!(matches!(end.outcome, Outcome::NoRunner { .. }), "{end:?}");
}
