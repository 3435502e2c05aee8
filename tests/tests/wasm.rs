//! The plugin `wasm`: what a module sees, how it ends, and that it cannot outstay its welcome.

#[path = "wasm/log.rs"]
mod log;
#[path = "wasm/programs.rs"]
mod programs;
#[path = "wasm/rust.rs"]
mod rust;
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use log::Kept;
use programs::{
    ENDLESS, ENDLESS_CALLS, SLEEP, SLEEP_BY_TWO, exiter, greeter, opener, oracle, program,
    reporter, worker,
};
use solti_model::{
    OutputEvent, RunnerEnv, StreamKind, TaskEnv, TaskId, TaskKind, TaskSpec, WasmSpec,
};
use solti_plugin_host::{
    BuildContext, PluginLoader, RunnerError, RunnerErrorKind, RunnerRouter, RunnerType, TaskOutcome,
};
use support::{Host, Line, Record, SOON, directory_with, texts};
use taskvisor::{TaskError, TaskRef};
use tokio::sync::broadcast::Receiver;
use tokio_util::sync::CancellationToken;

/// A host with the plugin, and with modules beside it.
struct Wasm {
    host: Host,
}

impl Wasm {
    fn new() -> Self {
        Self::with("")
    }

    /// The plugin with a configuration, the lines of a TOML table.
    fn with(config: &str) -> Self {
        let directory = directory_with(&["wasm"]);
        fs::write(
            directory.path().join("wasm.toml"),
            format!("[config]\n{config}"),
        )
        .unwrap();
        let host = Host::load(directory, PluginLoader::new());
        assert!(host.report.rejected().is_empty(), "{}", host.report);
        Self { host }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.host.directory.path().join(name)
    }

    /// A spec of a module given as text.
    fn spec(&self, text: &str) -> TaskSpec {
        let module = self.file("program.wasm");
        fs::write(&module, wat::parse_str(text).unwrap()).unwrap();
        spec(&module)
    }

    /// A spec of a module given as bytes.
    fn raw(&self, bytes: &[u8]) -> TaskSpec {
        let module = self.file("raw.wasm");
        fs::write(&module, bytes).unwrap();
        spec(&module)
    }

    async fn run(&self, text: &str) -> (Result<(), TaskError>, Vec<Line>) {
        self.host.run(&self.spec(text)).await
    }

    async fn failure(&self, spec: &TaskSpec) -> TaskError {
        let (end, _) = self.host.run(spec).await;
        end.unwrap_err()
    }

    /// Starts a task whose guest says `ready`, and waits until it has.
    async fn start(&self, spec: &TaskSpec) -> Running {
        let task = self.host.build(spec);
        let id = TaskId::from(task.name());
        let mut events = self.host.registry.subscribe(&id).unwrap();
        let cancel = CancellationToken::new();
        let attempt = tokio::spawn(task.spawn(cancel.clone()));
        let OutputEvent::Chunk(chunk) = soon(events.recv()).await.unwrap() else {
            panic!("a line comes first");
        };
        assert_eq!(chunk.line, "ready");
        Running {
            id,
            task,
            events,
            cancel,
            attempt,
        }
    }

    /// Waits until nothing of a task's guest is left: the last sink of its channel is gone.
    async fn gone(&self, id: &TaskId, task: TaskRef, mut events: Receiver<OutputEvent>) {
        drop(task);
        self.host.registry.evict(id);
        soon(async { while events.recv().await.is_ok() {} }).await;
    }

    /// A text with the directory replaced by `DIR`.
    fn path(&self, text: &str) -> String {
        text.replace(&self.host.directory.path().display().to_string(), "DIR")
    }
}

/// A task whose guest runs.
struct Running {
    id: TaskId,
    task: TaskRef,
    events: Receiver<OutputEvent>,
    cancel: CancellationToken,
    attempt: tokio::task::JoinHandle<Result<(), TaskError>>,
}

fn spec(module: &Path) -> TaskSpec {
    spec_with(module, &[], TaskEnv::new(), 60_000)
}

fn spec_with(module: &Path, args: &[&str], env: TaskEnv, timeout_ms: u64) -> TaskSpec {
    let kind = TaskKind::Wasm(WasmSpec {
        module: module.to_owned(),
        args: args.iter().map(ToString::to_string).collect(),
        env,
    });
    TaskSpec::builder("slot", kind, timeout_ms).build().unwrap()
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, future)
        .await
        .expect("it comes soon")
}

/// Stopping is meant to take less than 100 ms; a test on a busy machine only tells it from never.
fn stopped_after(what: &str, began: Instant) {
    let took = began.elapsed();
    println!("{what}: stopped after {took:?}");
    assert!(took < Duration::from_secs(2), "{what}: {took:?}");
}

const STARTED: Record = Record::Started(RunnerType::Wasm);
const LOAD_FAILED: Record = Record::Error(RunnerType::Wasm, RunnerErrorKind::ModuleLoadFailed);

fn completed(outcome: TaskOutcome) -> Record {
    Record::Completed(RunnerType::Wasm, outcome)
}

// What a module says.

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

// What a module is given.

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
    let err = wasm.failure(&wasm.spec(&opener("f.txt", false))).await;
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
    let (end, lines) = wasm.run(&opener("f.txt", false)).await;
    end.unwrap();
    assert_eq!(texts(&lines), ["content"]);
    // 63 is EPERM.
    let err = wasm.failure(&wasm.spec(&opener("new.txt", true))).await;
    assert_eq!(err.exit_code(), Some(63));
    assert!(!shared.join("new.txt").exists());
    let err = wasm.failure(&wasm.spec(&opener("../secret", false))).await;
    assert_eq!(err.exit_code(), Some(63));

    let wasm = Wasm::with(&config(true));
    wasm.run(&opener("new.txt", true)).await.0.unwrap();
    assert!(shared.join("new.txt").exists());
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

// How a module ends.

#[tokio::test]
async fn an_exit_code_is_the_tasks_whatever_its_size() {
    let wasm = Wasm::new();
    wasm.run(&exiter(0)).await.0.unwrap();
    for code in [1, 125, 126, 255, -1] {
        let err = wasm.failure(&wasm.spec(&exiter(code))).await;
        assert_eq!(
            err.to_string(),
            format!("execution failed: module exited with non-zero code: {code}")
        );
        assert_eq!(err.exit_code(), Some(code));
        assert!(err.is_retryable());
    }
    let failed = [STARTED, completed(TaskOutcome::Failure)];
    assert_eq!(wasm.host.metrics.all()[2..4], failed);
}

#[tokio::test]
async fn a_trap_is_a_failure_that_says_which() {
    let wasm = Wasm::new();
    let cases = [
        ("(unreachable)", "wasm `unreachable` instruction executed"),
        (
            "(drop (i32.div_u (i32.const 1) (i32.const 0)))",
            "integer divide by zero",
        ),
        (
            "(drop (i32.load (i32.const 65536)))",
            "out of bounds memory access",
        ),
        (
            "(call $deeper)) (func $deeper (call $deeper)",
            "call stack exhausted",
        ),
    ];
    for (work, message) in cases {
        let (end, lines) = wasm.run(&worker(work)).await;
        let err = end.unwrap_err();
        assert_eq!(
            err.to_string(),
            format!("execution failed: module trapped: {message}")
        );
        assert_eq!(err.exit_code(), None);
        // What it said before is not lost.
        assert_eq!(texts(&lines), ["ready"]);
    }
}

#[tokio::test]
async fn memory_beyond_the_limit_is_refused_and_named_in_the_trap_that_follows() {
    let wasm = Wasm::with("max_memory_bytes = 131072");
    let grow = |pages: u32| {
        worker(&format!(
            "(if (i32.eq (memory.grow (i32.const {pages})) (i32.const -1)) (then (unreachable)))"
        ))
    };
    wasm.run(&grow(1)).await.0.unwrap();
    let err = wasm.failure(&wasm.spec(&grow(2))).await;
    assert_eq!(
        err.to_string(),
        "execution failed: module trapped: wasm `unreachable` instruction executed \
         (it had been refused memory beyond its limit of 131072 bytes, max_memory_bytes)"
    );
    let big = r#"(module (memory (export "memory") 3) (func (export "_start")))"#;
    let err = wasm.failure(&wasm.spec(big)).await;
    assert_eq!(
        wasm.path(&err.to_string()),
        "fatal error (no retry): module DIR/program.wasm needs 196608 bytes of memory to start, \
         the limit is 131072 (max_memory_bytes)"
    );
}

#[tokio::test]
async fn a_guest_ends_with_its_fuel_and_not_before() {
    let wasm = Wasm::with("max_fuel = 20000000");
    let err = wasm.failure(&wasm.spec(&worker(ENDLESS))).await;
    assert_eq!(
        err.to_string(),
        "execution failed: module used up its fuel limit of 20000000 (max_fuel)"
    );
    // 16 MiB are filled 40 times, which takes 10 million of fuel and so several slices.
    let fill = program(
        r#"(func (export "_start")
    (local $left i32)
    (drop (memory.grow (i32.const 256)))
    (local.set $left (i32.const 40))
    (loop $again
      (memory.fill (i32.const 65536) (local.get $left) (i32.const 16777216))
      (br_if $again
        (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (if (i32.ne (i32.load8_u (i32.const 70000)) (i32.const 1)) (then (unreachable))))"#,
    );
    wasm.run(&fill).await.0.unwrap();
}

#[tokio::test]
async fn a_start_function_cannot_hold_the_plugin_up() {
    let wasm = Wasm::new();
    let text = r#"(module (func $init (loop $again (br $again))) (start $init)
        (func (export "_start")))"#;
    let err = wasm.failure(&wasm.spec(text)).await;
    assert_eq!(
        err.to_string(),
        "execution failed: module trapped: its start function took more than 10000000 fuel: \
         move the work to _start"
    );
}

#[tokio::test]
async fn tables_keep_their_size() {
    let wasm = Wasm::new();
    let text = r#"(module (table $table 1 10 funcref) (func (export "_start")
        (if (i32.ne (table.grow $table (ref.null func) (i32.const 1)) (i32.const -1))
          (then (unreachable)))))"#;
    wasm.run(text).await.0.unwrap();
}

// A module that cannot be run.

#[tokio::test]
async fn a_module_that_cannot_be_loaded_says_what_is_wrong_and_is_counted() {
    let wasm = Wasm::with("max_module_bytes = 4000");
    let whole = wat::parse_str(greeter()).unwrap();
    let missing_import = r#"(module
        (import "env" "frobnicate" (func))
        (import "wasi_snapshot_preview1" "sock_open" (func))
        (import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))
        (memory (export "memory") 1) (func (export "_start")))"#;
    let wrong_type = r#"(module
        (import "wasi_snapshot_preview1" "sched_yield" (func (param i64)))
        (memory (export "memory") 1) (func (export "_start")))"#;
    let cases: [(Vec<u8>, &str, &str); 9] = [
        (
            whole[..300].to_vec(),
            "execution failed: ",
            "is truncated: it goes on to byte ",
        ),
        (
            Vec::new(),
            "execution failed: ",
            "is truncated: it goes on to byte 8 or further, the file has 0 bytes",
        ),
        (
            b"#!/bin/sh\necho hello\n".to_vec(),
            "fatal error (no retry): ",
            "is not a WebAssembly binary: it begins with \"#!/b\", expected \"\\x00asm\"",
        ),
        (
            b"\0asm\x0d\0\x01\0".to_vec(),
            "fatal error (no retry): ",
            "is no core module of version 1, perhaps a component: build it for wasm32-wasip1",
        ),
        (
            // A type section of one entry that is no type.
            b"\0asm\x01\0\0\0\x01\x02\x01\x00".to_vec(),
            "fatal error (no retry): ",
            "is not valid: ",
        ),
        (
            wat::parse_str(missing_import).unwrap(),
            "fatal error (no retry): ",
            "imports env::frobnicate, wasi_snapshot_preview1::sock_open, which nobody provides: \
             provided are the functions of wasi_snapshot_preview1, build it for wasm32-wasip1",
        ),
        (
            wat::parse_str(wrong_type).unwrap(),
            "fatal error (no retry): ",
            "imports wasi_snapshot_preview1::sched_yield with the type (i64) -> (), \
             provided is () -> (i32)",
        ),
        (
            wat::parse_str(r#"(module (func (export "run")))"#).unwrap(),
            "fatal error (no retry): ",
            "exports no function _start without parameters, so it is no program",
        ),
        (
            [b"\0asm\x01\0\0\0".as_slice(), &[0; 4000]].concat(),
            "fatal error (no retry): ",
            "has 4008 bytes, the limit is 4000 (max_module_bytes)",
        ),
    ];
    for (bytes, class, message) in cases {
        let seen = wasm.host.metrics.all().len();
        let err = wasm.failure(&wasm.raw(&bytes)).await;
        let text = wasm.path(&err.to_string());
        let expected = format!("{class}module DIR/raw.wasm {message}");
        assert!(text.starts_with(&expected), "{text}\n{expected}");
        assert_eq!(
            wasm.host.metrics.all()[seen..],
            [STARTED, LOAD_FAILED, completed(TaskOutcome::Failure)]
        );
    }
}

#[tokio::test]
async fn a_module_may_come_after_its_task_and_a_retry_finds_it() {
    let wasm = Wasm::new();
    let module = wasm.file("late.wasm");
    let task = wasm.host.build(&spec(&module));
    let (end, _) = wasm.host.attempt(&task, CancellationToken::new()).await;
    let err = end.unwrap_err();
    assert!(err.is_retryable());
    assert_eq!(
        wasm.path(&err.to_string()),
        "execution failed: module DIR/late.wasm could not be read: \
         No such file or directory (os error 2)"
    );
    fs::write(&module, wat::parse_str(greeter()).unwrap()).unwrap();
    let (end, lines) = wasm.host.attempt(&task, CancellationToken::new()).await;
    end.unwrap();
    assert_eq!(lines.len(), 5);

    let err = wasm.failure(&spec(wasm.host.directory.path())).await;
    assert_eq!(
        wasm.path(&err.to_string()),
        "execution failed: module DIR is not a regular file"
    );
}

#[test]
fn a_spec_that_no_file_can_mend_is_refused_when_the_task_is_built() {
    let wasm = Wasm::new();
    let build = |spec: &TaskSpec| wasm.host.router.build(spec).map(|_| ()).unwrap_err();
    let module = wasm.file("program.wasm");
    let err = build(&spec_with(&module, &["a\0b"], TaskEnv::new(), 60_000));
    assert!(matches!(err, RunnerError::InvalidSpec(_)));
    assert_eq!(
        err.to_string(),
        "invalid specification: argument \"a\\0b\" contains a NUL byte"
    );
}

#[test]
fn a_wrong_configuration_is_refused_at_load_with_its_field() {
    let rejected = |config: &str| {
        let directory = directory_with(&["wasm"]);
        fs::write(
            directory.path().join("wasm.toml"),
            format!("[config]\n{config}"),
        )
        .unwrap();
        let host = Host::load(directory, PluginLoader::new());
        assert_eq!(host.report.rejected().len(), 1, "{}", host.report);
        host.report.rejected()[0].error.to_string()
    };
    let cases = [
        (
            "memory = 5",
            "config.memory: unknown field `memory`, expected one of",
        ),
        (
            "clock = 'broken'",
            "config.clock: unknown variant `broken`, expected `real` or `virtual`",
        ),
        (
            "directories = [{ host = '/no/such/place', guest = '/' }]",
            "config.directories[0].host: /no/such/place cannot be used: \
             No such file or directory (os error 2)",
        ),
        (
            "directories = [{ host = '/dev/null', guest = '/' }]",
            "config.directories[0].host: /dev/null is not a directory",
        ),
    ];
    for (config, message) in cases {
        let text = rejected(config);
        assert!(text.contains(message), "{text}\n{message}");
    }
}

// A module that does not end.

#[tokio::test]
async fn a_guest_stops_when_it_is_cancelled_whatever_it_does() {
    let wasm = Wasm::new();
    for (what, work) in [
        ("computing", ENDLESS),
        ("calling", ENDLESS_CALLS),
        ("sleeping", SLEEP),
        ("polling", SLEEP_BY_TWO),
    ] {
        let seen = wasm.host.metrics.all().len();
        // Its line has come by now: output is live.
        let running = wasm.start(&wasm.spec(&worker(work))).await;
        let began = Instant::now();
        running.cancel.cancel();
        let end = soon(running.attempt).await.unwrap();
        assert!(matches!(end, Err(TaskError::Canceled)), "{end:?}");
        wasm.gone(&running.id, running.task, running.events).await;
        stopped_after(&format!("cancelled while {what}"), began);
        assert_eq!(
            wasm.host.metrics.all()[seen..],
            [STARTED, completed(TaskOutcome::Canceled)]
        );
    }
}

#[tokio::test]
async fn a_guest_stops_when_its_attempt_is_dropped_and_a_timeout_is_counted_as_one() {
    let wasm = Wasm::new();
    for (what, work) in [("computing", ENDLESS), ("sleeping", SLEEP)] {
        let seen = wasm.host.metrics.all().len();
        let running = wasm.start(&wasm.spec(&worker(work))).await;
        let began = Instant::now();
        running.attempt.abort();
        assert!(soon(running.attempt).await.unwrap_err().is_cancelled());
        wasm.gone(&running.id, running.task, running.events).await;
        stopped_after(&format!("dropped while {what}"), began);
        assert_eq!(
            wasm.host.metrics.all()[seen..],
            [STARTED, completed(TaskOutcome::Canceled)]
        );
    }

    let seen = wasm.host.metrics.all().len();
    wasm.spec(&worker(ENDLESS));
    let spec = spec_with(&wasm.file("program.wasm"), &[], TaskEnv::new(), 50);
    let task = wasm.host.build(&spec);
    let id = TaskId::from(task.name());
    let events = wasm.host.registry.subscribe(&id).unwrap();
    let limit = Duration::from_millis(spec.timeout().as_millis());
    tokio::time::timeout(limit, task.spawn(CancellationToken::new()))
        .await
        .unwrap_err();
    let began = Instant::now();
    wasm.gone(&id, task, events).await;
    stopped_after("timed out while computing", began);
    assert_eq!(
        wasm.host.metrics.all()[seen..],
        [STARTED, completed(TaskOutcome::Timeout)]
    );
}

#[tokio::test]
async fn an_endless_guest_holds_up_neither_the_host_nor_another_task() {
    let wasm = Wasm::new();
    let mut endless = Vec::new();
    // More than there are cores and workers.
    for _ in 0..4 {
        endless.push(wasm.start(&wasm.spec(&worker(ENDLESS))).await);
    }
    let (end, lines) = wasm.run(&greeter()).await;
    end.unwrap();
    assert_eq!(lines.len(), 5);
    for running in endless {
        running.cancel.cancel();
        let end = soon(running.attempt).await.unwrap();
        assert!(matches!(end, Err(TaskError::Canceled)), "{end:?}");
    }
}

// The cache.

#[tokio::test]
async fn a_content_is_compiled_once_however_often_and_from_wherever_it_is_run() {
    let log = Arc::new(Kept::of("wasm::cache"));
    let wasm = Wasm {
        host: Host::load(
            directory_with(&["wasm"]),
            PluginLoader::new().log(Arc::clone(&log) as _),
        ),
    };
    let bytes = wat::parse_str(greeter()).unwrap();
    let [one, two] = ["one.wasm", "two.wasm"].map(|name| {
        let module = wasm.file(name);
        fs::write(&module, &bytes).unwrap();
        wasm.host.build(&spec(&module))
    });
    let run = |task: &TaskRef| soon(task.spawn(CancellationToken::new()));
    let (first, second) = tokio::join!(run(&one), run(&two));
    first.unwrap();
    second.unwrap();
    run(&one).await.unwrap();
    let compiling = |bytes: &[u8]| format!("compiling a module bytes={}", bytes.len());
    assert_eq!(log.events(), [compiling(&bytes)]);

    // Another content under the same name is another module.
    let other = wat::parse_str(exiter(0)).unwrap();
    fs::write(wasm.file("one.wasm"), &other).unwrap();
    run(&one).await.unwrap();
    assert_eq!(log.events(), [compiling(&bytes), compiling(&other)]);
}

// A real program.

#[tokio::test]
async fn a_program_of_the_rust_compiler_runs_like_any_other() {
    let wasm = Wasm::with("max_memory_bytes = 16777216");
    let Some(module) = rust::compiled(wasm.host.directory.path()) else {
        println!("skipped: the target wasm32-wasip1 is not installed (rustup target add)");
        return;
    };
    let mut env = TaskEnv::new();
    env.push("WHO", "world");
    let (end, lines) = wasm
        .host
        .run(&spec_with(&module, &["greet"], env.clone(), 60_000))
        .await;
    end.unwrap();
    assert_eq!(texts(&lines), ["hello, world"]);
    let (end, _) = wasm
        .host
        .run(&spec_with(&module, &["exit"], env.clone(), 60_000))
        .await;
    assert_eq!(end.unwrap_err().exit_code(), Some(3));
    let (end, lines) = wasm
        .host
        .run(&spec_with(&module, &["panic"], env, 60_000))
        .await;
    let err = end.unwrap_err();
    assert!(
        err.to_string()
            .starts_with("execution failed: module trapped: wasm `unreachable`"),
        "{err}"
    );
    assert!(lines.iter().any(|line| line.text.contains("on purpose")));
}
