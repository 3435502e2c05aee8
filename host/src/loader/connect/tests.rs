//! Both sides of the boundary in one process, and nothing of it in a library that was opened: so Miri
//! sees every access on either side. `.ci/miri` runs this with it.

#![allow(clippy::unwrap_used, reason = "all of it is tests")]

mod plugin;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::Map;
use solti_model::{
    Flag, OutputEvent, StreamKind, SubprocessMode, SubprocessSpec, TaskEnv, TaskId, TaskKind,
    TaskSpec,
};
use solti_plugin_abi::{
    AttemptControl, BuildContext, CallError, OutputRegistry, RunId, Runner, RunnerError, Spawn,
    Tap, TapEvent, TapOptions,
};
use taskvisor::{TaskError, TaskRef};
use tokio_util::sync::CancellationToken;
use tracing::Level;
use tracing::level_filters::LevelFilter;

use super::{Connected, Connection, connect};
use crate::foreign::Plugin;
use crate::services::log::{PluginLog, PluginRecord};

/// How long something may take that should come at once; an interpreter is slow.
const SOON: Duration = Duration::from_secs(if cfg!(miri) { 600 } else { 20 });

/// The hazards of the boundary are those of memory: a buffer, an object or a future that is freed twice, by
/// the wrong side, or too early. What is counted here is what is left over; the rest only an
/// interpreter sees.
#[test]
fn nothing_that_crosses_is_left_over_however_it_ends() {
    if !alone("loader::connect::tests::nothing_that_crosses_is_left_over_however_it_ends") {
        return;
    }
    let host = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    host.block_on(async {
        let whole = Whole::connected();
        whole.calls().await;
        whole.builds().await;
        whole.lines().await;
        whole.pressure().await;
        whole.ends().await;
        whole.panics().await;
        whole.given_up().await;
        whole.order_of_drops().await;
        whole.end().await;
    });
    drop(host);
    let began = Instant::now();
    while plugin::left() != [0; 3] {
        assert!(began.elapsed() < SOON, "{:?} left", plugin::left());
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A host with its plugin.
struct Whole {
    plugin: Plugin,
    runner: Arc<dyn Runner>,
    registry: Arc<OutputRegistry>,
    log: Arc<Kept>,
}

/// Messages that the plugin has logged, with their run ids.
#[derive(Default)]
struct Kept(Mutex<Vec<String>>);

impl PluginLog for Kept {
    fn max_level(&self) -> LevelFilter {
        LevelFilter::INFO
    }

    fn enabled(&self, _: &str, _: Level, target: &str) -> bool {
        target.contains("plugin")
    }

    fn record(&self, record: &PluginRecord<'_>) {
        let run = record.run_id.unwrap_or("no run");
        self.0.lock().push(format!("{run}: {}", record.message));
    }
}

impl Whole {
    fn connected() -> Self {
        let log = Arc::new(Kept::default());
        let connection = Connection {
            config: Map::from_iter([("word".to_owned(), "configured".into())]),
            worker_threads: 2,
            state_dir: Some("/state".into()),
            grace_ms: 5000,
            open_files: None,
            log: Arc::clone(&log) as _,
        };
        let module = plugin::module();
        let stamp = plugin::stamp();
        let Connected { plugin, runners } =
            connect(module, "both-sides", &stamp, connection, None).unwrap();
        let [runner] = runners.try_into().ok().unwrap();
        Self {
            plugin,
            runner: Arc::new(runner),
            registry: Arc::new(OutputRegistry::new(256)),
            log,
        }
    }

    /// Every run has an id of the host's: one that the plugin asked its host for would be asked of itself, as
    /// there is one sequence in one process.
    fn context(&self) -> BuildContext {
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        let seq = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        BuildContext::default()
            .with_output_registry(Arc::clone(&self.registry))
            .with_metadata(Map::from_iter([("uid".to_owned(), "u-1".into())]))
            .with_run_id(RunId::from_parts(format!("run-{seq}"), seq))
    }

    fn task(&self, words: &[&str]) -> TaskRef {
        self.runner
            .build_task(&spec(words), &self.context())
            .unwrap()
    }

    /// Runs one attempt to its end; returns that and its lines.
    async fn run(&self, words: &[&str]) -> (Result<(), TaskError>, Vec<String>) {
        let task = self.task(words);
        let id = TaskId::from(task.name());
        let mut events = self.registry.subscribe(&id).unwrap();
        let end = soon(task.spawn(CancellationToken::new())).await;
        let mut lines = Vec::new();
        while let Ok(event) = events.try_recv() {
            if let OutputEvent::Chunk(chunk) = event {
                lines.push(String::from_utf8(chunk.line.to_vec()).unwrap());
            }
        }
        self.registry.evict(&id);
        (end, lines)
    }

    /// Begins an attempt that says `here` and goes on; the tap keeps `capacity` bytes.
    async fn begun(&self, words: &[&str], capacity: usize) -> Begun {
        let task = self.task(words);
        let id = TaskId::from(task.name());
        let options = TapOptions::default().with_capacity(capacity);
        let tap = self.registry.tap(&id, options).unwrap();
        let cancel = CancellationToken::new();
        let attempt = Spawn::new(1)
            .with_deadline(Instant::now() + SOON)
            .with_sink(self.registry.sink_for(id, 1))
            .begin(&task, cancel.clone());
        let mut begun = Begun {
            task,
            tap,
            cancel,
            control: attempt.control,
            running: tokio::spawn(attempt.future),
            first: String::new(),
        };
        begun.first = begun.read().await;
        assert!(begun.first.starts_with("here\n"));
        begun
    }

    async fn calls(&self) {
        let described = soon(self.plugin.call("describe", Bytes::new())).await;
        let described = String::from_utf8(described.unwrap().to_vec()).unwrap();
        assert!(described.contains("configured"), "{described}");
        let unknown = soon(self.plugin.call("unheard-of", Bytes::new())).await;
        assert!(matches!(unknown, Err(CallError::UnknownMethod { .. })));
        let payload = Bytes::from(vec![7; 70_000]);
        let echo = soon(self.runner.call("echo", payload.clone())).await;
        assert_eq!(echo.unwrap(), payload);
        let panicked = soon(self.runner.call("panic", Bytes::new())).await;
        assert!(matches!(panicked, Err(CallError::Failed { .. })));
        assert!(self.runner.supports(&spec(&["lines"])));
        assert!(!self.runner.supports(&spec(&["unsupported"])));
    }

    async fn builds(&self) {
        let (spec, context) = (spec(&["build-awaits"]), self.context());
        let building = self.runner.build_async(&spec, &context).unwrap();
        let name = soon(building).await.unwrap().name().to_owned();
        assert_eq!(name, context.run_id().unwrap().name());
        for word in ["build-error", "build-panics"] {
            let failed = self
                .runner
                .build_task(&self::spec(&[word]), &self.context());
            assert!(matches!(failed, Err(RunnerError::Internal(_))), "{word}");
        }
    }

    async fn lines(&self) {
        let (end, lines) = self.run(&["lines"]).await;
        end.unwrap();
        let expected = [
            "pushed",
            "first of two",
            "second of two",
            "written",
            "the rest",
        ];
        assert_eq!(lines, expected);
        let (end, lines) = self.run(&["asks-the-host"]).await;
        end.unwrap();
        let told = [
            "both-sides in /state, of the task u-1",
            "the host answers with its version",
        ];
        assert_eq!(lines, told);
        let measured = self.plugin.measured();
        assert_eq!(measured.len(), 1, "{measured:?}");
        let logged = self.log.0.lock().clone();
        assert!(
            logged
                .iter()
                .any(|it| it.starts_with("run-") && it.ends_with(": logged")),
            "{logged:?}"
        );
    }

    /// A writer that is told to wait goes on when there is room.
    async fn pressure(&self) {
        let mut begun = self.begun(&["presses"], 64).await;
        let mut read = std::mem::take(&mut begun.first);
        while !read.contains("went on") {
            read += &begun.read().await;
        }
        assert!(read.contains("waits"), "{read}");
        soon(begun.running).await.unwrap().unwrap();
    }

    async fn ends(&self) {
        let end = self.run(&["fails"]).await.0;
        assert!(
            matches!(
                end,
                Err(TaskError::Fail {
                    exit_code: Some(3),
                    ..
                })
            ),
            "{end:?}"
        );

        let begun = self.begun(&["waits"], 1 << 20).await;
        let answer = soon(begun.control.call("echo", Bytes::from_static(b"to you"))).await;
        assert_eq!(answer.unwrap(), "to you");
        begun.cancel.cancel();
        let end = soon(begun.running).await.unwrap();
        assert!(matches!(end, Err(TaskError::Canceled)), "{end:?}");
        assert_eq!(begun.control.outcome().exit_code, Some(7));
        let over = soon(begun.control.call("echo", Bytes::new())).await;
        over.unwrap_err();
    }

    async fn panics(&self) {
        let before = self.plugin.panics();
        for word in ["panics-at-once", "panics-later"] {
            let end = self.run(&[word]).await.0;
            assert!(
                matches!(end, Err(TaskError::Fatal { .. })),
                "{word}: {end:?}"
            );
        }
        let _ = self.run(&["panics-when-dropped"]).await;
        assert_eq!(self.plugin.panics() - before, 3);
    }

    /// What is dropped before its end: an attempt, one that waits for room, a call, a build.
    async fn given_up(&self) {
        let began = self.begun(&["waits"], 1 << 20).await;
        let slow = began.control.call("slow", Bytes::new());
        drop(slow);
        let mut polled = self.runner.call("slow", Bytes::new());
        let _ = polled_for_a_while(&mut polled).await;
        drop(polled);
        began.dropped().await;

        // It waits for room, and its wait is given up with it; the other way round its reader goes first.
        self.begun(&["presses"], 64).await.dropped().await;
        let Begun { tap, running, .. } = self.begun(&["presses"], 64).await;
        drop(tap);
        soon(running).await.unwrap().unwrap();

        let (spec, context) = (spec(&["build-waits"]), self.context());
        let mut building = self.runner.build_async(&spec, &context).unwrap();
        let waited = polled_for_a_while(&mut building).await;
        assert!(waited.is_none());
        drop(building);
    }

    /// Each of what belongs together goes before the others.
    async fn order_of_drops(&self) {
        let Begun {
            task,
            tap,
            cancel,
            control,
            running,
            first: _,
        } = self.begun(&["waits"], 1 << 20).await;
        drop((task, tap));
        let called = control.call("echo", Bytes::from_static(b"later"));
        drop(control);
        assert_eq!(soon(called).await.unwrap(), "later");
        cancel.cancel();
        let _ = soon(running).await.unwrap();

        // Never begun, and never polled.
        drop(self.task(&["waits"]));
        let task = self.task(&["lines"]);
        drop(task.spawn(CancellationToken::new()));
        let cancelled = CancellationToken::new();
        cancelled.cancel();
        let end = soon(task.spawn(cancelled)).await;
        assert!(matches!(end, Err(TaskError::Canceled)), "{end:?}");
    }

    async fn end(self) {
        let idle = self.plugin.idle();
        soon(idle).await;
        let (task, waiting) = (self.task(&["lines"]), self.begun(&["waits"], 1 << 20).await);
        self.plugin.drain();
        let end = soon(task.spawn(CancellationToken::new())).await;
        assert!(matches!(end, Err(TaskError::Fail { .. })), "{end:?}");
        let (plugin, runner) = (self.plugin.clone(), self.runner);
        drop(self.plugin);
        let shutdown = tokio::task::spawn_blocking(move || plugin.shutdown(SOON));
        let end = soon(waiting.running).await.unwrap();
        assert!(matches!(end, Err(TaskError::Canceled)), "{end:?}");
        assert_eq!(shutdown.await.unwrap().unfinished, 0);
        // After the runtime that everything ran in.
        drop((task, waiting.task, waiting.control, runner));
    }
}

/// An attempt under way.
struct Begun {
    task: TaskRef,
    tap: Tap,
    cancel: CancellationToken,
    control: AttemptControl,
    running: tokio::task::JoinHandle<Result<(), TaskError>>,
    /// The first block of its output, which may be all of it.
    first: String,
}

impl Begun {
    /// The next block of its output.
    async fn read(&mut self) -> String {
        loop {
            match soon(self.tap.next()).await {
                Some(TapEvent::Block(block)) => {
                    assert_eq!(block.stream, StreamKind::Stdout);
                    return String::from_utf8(block.bytes.to_vec()).unwrap();
                }
                Some(_) => {}
                None => panic!("the output has ended"),
            }
        }
    }

    /// Ends it as a supervisor whose patience is at its end, unless it has ended.
    async fn dropped(self) {
        self.running.abort();
        if let Err(err) = soon(self.running).await {
            assert!(err.is_cancelled());
        }
    }
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, future)
        .await
        .expect("it ends soon")
}

/// What a future comes to in a while: time for what it has begun elsewhere.
async fn polled_for_a_while<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    tokio::time::timeout(Duration::from_millis(20), future)
        .await
        .ok()
}

fn spec(words: &[&str]) -> TaskSpec {
    let kind = TaskKind::Subprocess(SubprocessSpec {
        mode: SubprocessMode::Command {
            command: words[0].to_owned(),
            args: words[1..].iter().map(ToString::to_string).collect(),
        },
        env: TaskEnv::default(),
        cwd: None,
        fail_on_non_zero: Flag::enabled(),
    });
    TaskSpec::builder("s", kind, 60_000_u64).build().unwrap()
}

/// Whether this process runs nothing but the test: a plugin that is not a library of its own sets the
/// panic hook, the subscriber and the sequence of run ids of all.
fn alone(test: &str) -> bool {
    const ALONE: &str = "SOLTI_TEST_ALONE";
    // An interpreter starts no processes; it is given this one test.
    if cfg!(miri) || std::env::var_os(ALONE).is_some() {
        return true;
    }
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let said = [&*output.stdout, &*output.stderr].map(String::from_utf8_lossy);
    assert!(output.status.success(), "{said:?}");
    assert!(said[0].contains("1 passed"), "{said:?}");
    false
}
