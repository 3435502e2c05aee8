//! What a module is given, and what it says.

use super::*;

#[tokio::test]
async fn lines_of_both_streams_come_whole_and_numbered() {
    let wasm = Wasm::new();
    let (end, lines) = wasm.run(&greeter()).await;
    end.unwrap();
    let of = |stream| {
        lines
            .iter()
            .filter(|line| line.stream == stream)
            .map(|line| (line.seq, line.text.as_str()))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        of(StreamKind::Stdout),
        [(0, "one"), (1, "two"), (2, "three"), (3, "last")]
    );
    assert_eq!(of(StreamKind::Stderr), [(0, "problem")]);
    assert_eq!(
        wasm.host.metrics.all(),
        [STARTED, completed(TaskOutcome::Success)]
    );
}

#[tokio::test]
async fn a_retry_numbers_its_lines_anew_under_the_next_attempt() {
    let wasm = Wasm::new();
    let task = wasm.host.build(&wasm.spec(&greeter()));
    for attempt in 1..=2 {
        let (end, lines) = wasm.host.attempt(&task, CancellationToken::new()).await;
        end.unwrap();
        assert!(lines.iter().all(|line| line.attempt == attempt));
        assert_eq!(lines[0].seq, 0);
    }
}

#[tokio::test]
async fn arguments_follow_the_file_name_and_no_variable_of_the_host_is_seen() {
    let wasm = Wasm::new();
    wasm.spec(&reporter());
    let mut env = TaskEnv::new();
    env.push("GREETING", "hi");
    let spec = spec_with(&wasm.file("program.wasm"), &["a b", "c"], env, 60_000);
    let (end, lines) = wasm.host.run(&spec).await;
    end.unwrap();
    assert_eq!(texts(&lines), ["program.wasm", "a b", "c", "GREETING=hi"]);
}

#[tokio::test]
async fn the_runners_variables_win_over_the_tasks_and_those_over_the_hosts() {
    let directory = directory_with(&["wasm"]);
    // Cargo sets these for every test.
    fs::write(
        directory.path().join("wasm.toml"),
        "[config]\ninherit_env = ['CARGO_PKG_NAME', 'CARGO_PKG_LICENSE', 'NOT_SET_ANYWHERE']",
    )
    .unwrap();
    let module = directory.path().join("program.wasm");
    fs::write(&module, wat::parse_str(reporter()).unwrap()).unwrap();
    let registry = Arc::new(solti_plugin_host::OutputRegistry::new(64));
    let mut runner_env = RunnerEnv::default();
    runner_env.push("MODE", "runner");
    let context = BuildContext::default()
        .with_env(runner_env)
        .with_output_registry(Arc::clone(&registry));
    let mut router = RunnerRouter::new().with_context(context);
    PluginLoader::new()
        .load_dir(directory.path(), &mut router)
        .unwrap();
    let mut env = TaskEnv::new();
    env.push("MODE", "task");
    env.push("CARGO_PKG_LICENSE", "task");
    let task = router.build(&spec_with(&module, &[], env, 60_000)).unwrap();
    let mut events = registry.subscribe(&TaskId::from(task.name())).unwrap();
    soon(task.spawn(CancellationToken::new())).await.unwrap();
    let mut lines = Vec::new();
    while let Ok(OutputEvent::Chunk(chunk)) = events.try_recv() {
        lines.push(String::from_utf8(chunk.line.to_vec()).unwrap());
    }
    assert_eq!(
        lines[1..],
        [
            "CARGO_PKG_LICENSE=task",
            "CARGO_PKG_NAME=e2e",
            "MODE=runner"
        ]
    );
}

#[tokio::test]
async fn without_configuration_there_is_no_file_to_open() {
    let wasm = Wasm::new();
    let err = wasm
        .failure(&wasm.spec(&opener("f.txt", For::Reading)))
        .await;
    // 8 is EBADF: there is no first directory.
    assert_eq!(err.exit_code(), Some(8));
}

#[tokio::test]
async fn a_directory_can_be_read_and_not_changed_unless_it_is_writable() {
    let data = tempfile::tempdir().unwrap();
    let shared = data.path().join("shared");
    fs::create_dir(&shared).unwrap();
    fs::write(shared.join("f.txt"), "content").unwrap();
    fs::write(data.path().join("secret"), "secret").unwrap();
    let config = |writable| {
        format!(
            "directories = [{{ host = '{}', guest = '/data', writable = {writable} }}]",
            shared.display()
        )
    };

    let wasm = Wasm::with(&config(false));
    let (end, lines) = wasm.run(&opener("f.txt", For::Reading)).await;
    end.unwrap();
    assert_eq!(texts(&lines), ["content"]);
    // 63 is EPERM.
    for (path, purpose) in [
        ("new.txt", For::Creating),
        ("f.txt", For::Writing),
        ("../secret", For::Reading),
    ] {
        let err = wasm.failure(&wasm.spec(&opener(path, purpose))).await;
        assert_eq!(err.exit_code(), Some(63), "{path}");
    }
    assert!(!shared.join("new.txt").exists());

    let wasm = Wasm::with(&config(true));
    wasm.run(&opener("new.txt", For::Creating)).await.0.unwrap();
    assert!(shared.join("new.txt").exists());
    wasm.run(&opener("f.txt", For::Writing)).await.0.unwrap();
}

#[tokio::test]
async fn a_guest_cannot_take_the_descriptors_of_the_host() {
    let data = tempfile::tempdir().unwrap();
    for (setting, allowed) in [
        ("", 64),
        ("max_open_files = 5", 5),
        ("max_open_files = 0", 0),
    ] {
        for writable in [false, true] {
            let wasm = Wasm::with(&format!(
                "{setting}\n\
                 directories = [{{ host = '{}', guest = '/data', writable = {writable} }}]",
                data.path().display()
            ));
            // Each run has its own; 33 is EMFILE.
            for _ in 0..2 {
                let err = wasm.failure(&wasm.spec(&collector(allowed))).await;
                assert_eq!(err.exit_code(), Some(33), "{setting} {writable}");
            }
        }
    }
}

#[tokio::test]
async fn a_call_with_very_many_buffers_or_events_does_not_make_the_host_list_them() {
    let wasm = Wasm::new();
    let err = wasm.failure(&wasm.spec(&hoarder())).await;
    assert_eq!(err.exit_code(), Some(7));
}

#[tokio::test]
async fn time_and_randomness_are_the_same_in_every_run_only_where_configured() {
    let wasm = Wasm::new();
    let (end, first) = wasm.run(&oracle()).await;
    end.unwrap();
    let (_, second) = wasm.run(&oracle()).await;
    assert_ne!(first[0].text, second[0].text);

    let wasm = Wasm::with("clock = 'virtual'\nrandom_seed = 5");
    let (end, first) = wasm.run(&oracle()).await;
    assert_eq!(end.unwrap_err().exit_code(), Some(7));
    let (_, second) = wasm.run(&oracle()).await;
    assert_eq!(first[0].text, second[0].text);
    let (_, other) = Wasm::with("random_seed = 6").run(&oracle()).await;
    assert_ne!(first[0].text, other[0].text);
}
