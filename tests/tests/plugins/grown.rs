//! What version 1 of the ABI offers beyond the contract, through a plugin that is really loaded.

use std::fs;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use serde_json::{Map, Value, json};
use solti_model::{StreamKind, TaskId};
use solti_plugin_host::output::{Block, OutputBackend, Pressure, Ready, SinkBackend};
use solti_plugin_host::{
    BuildContext, CallError, OutputRegistry, Plugin, PluginLoader, PluginLog, PluginRecord, RunId,
    RunnerError, RunnerRouter, RunnerType, Spawn, TaskOutcome, Workload,
};
use taskvisor::{TaskError, TaskRef};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::Level;
use tracing::level_filters::LevelFilter;

use crate::support::{self, Host, Record, SOON, command, texts};

const GREETING: &str = "example.com/v1/Greeting";

fn plugin(host: &Host) -> &Plugin {
    &host.report.loaded()[0].handle
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, future)
        .await
        .expect("it ends soon")
}

async fn answer_of(plugin: &Plugin, method: &str) -> Value {
    let answer = soon(plugin.call(method, Bytes::new())).await.unwrap();
    serde_json::from_slice(&answer).unwrap()
}

/// Waits for a file that a destructor or a thread of the plugin writes.
fn wait_for(file: &Path) {
    let began = Instant::now();
    while !file.exists() {
        assert!(
            began.elapsed() < SOON,
            "{} was never written",
            file.display()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[tokio::test]
async fn a_kind_that_the_model_has_no_room_for_is_routed_by_its_name() {
    let host = Host::with(&["modern"]);
    let spec = json!({ "name": "Ada" });
    let workload = Workload::new("hi", GREETING, 5_000_u64, spec);
    for task in [
        host.router.build_workload(&workload).unwrap(),
        host.router.build_workload_async(&workload).await.unwrap(),
    ] {
        let (end, lines) = host.attempt(&task, CancellationToken::new()).await;
        end.unwrap();
        assert_eq!(texts(&lines), ["hello Ada"]);
    }
    let greeting = RunnerType::custom("greeting");
    assert_eq!(
        host.metrics.all()[..2],
        [
            Record::Started(greeting),
            Record::Completed(greeting, TaskOutcome::Success)
        ]
    );
    let other = Workload::new("hi", "example.com/v2/Greeting", 5_000_u64, Value::Null);
    let refused = host.router.build_workload(&other).map(|_| ()).unwrap_err();
    assert!(matches!(&refused, RunnerError::NoRunner(kind) if kind == "example.com/v2/Greeting"));
    let incomplete = Workload::new("hi", GREETING, 5_000_u64, Value::Null);
    let refused = host
        .router
        .build_workload(&incomplete)
        .map(|_| ())
        .unwrap_err();
    assert!(
        matches!(refused, RunnerError::MissingField("spec.name")),
        "{refused}"
    );
}

#[tokio::test]
async fn a_plugin_describes_itself_and_says_how_it_is() {
    let host = Host::with(&["modern"]);
    let described = answer_of(plugin(&host), "describe").await;
    assert_eq!(described["text"], "uses everything");
    assert_eq!(described["config"]["type"], "object");
    assert_eq!(described["runners"]["modern"]["text"], "uses everything");
    let health = answer_of(plugin(&host), "health").await;
    assert_eq!(
        health,
        json!({ "status": "degraded", "reason": "no coffee" })
    );
    assert_eq!(plugin(&host).features(), ["describe", "health"]);
}

#[tokio::test]
async fn a_method_that_is_unknown_fails_panics_or_answers_too_much_is_an_error_and_no_more() {
    let host = Host::with(&["modern"]);
    let runner = host.router.pick(&command("s", "number", &[])).unwrap();
    let call = async |method: &str, payload: &[u8]| {
        soon(runner.call(method, Bytes::copy_from_slice(payload)))
            .await
            .map_err(|err| err.to_string())
    };
    assert_eq!(call("echo", b"abc").await.unwrap(), "abc");
    assert_eq!(
        call("teleport", b"").await.unwrap_err(),
        "unknown method 'teleport'"
    );
    assert_eq!(
        call("fail", b"").await.unwrap_err(),
        "'fail' failed: told to fail"
    );
    let panicked = call("panic", b"").await.unwrap_err();
    let begins = "'panic' failed: it panicked: told to panic in a method (at ";
    assert!(panicked.starts_with(begins), "{panicked}");
    assert_eq!(
        call("large", b"").await.unwrap_err(),
        "'large' failed: the answer has 16777217 bytes, at most 16777216 are passed on"
    );
    let request = vec![0; 64 << 20];
    assert_eq!(
        call("echo", &request).await.unwrap_err(),
        "'echo': the request has 67108864 bytes, at most 16777216 are passed on"
    );
    // A call that hangs holds nobody: it is dropped, and the plugin answers the next.
    let hanging = tokio::time::timeout(Duration::from_millis(50), call("hang", b"")).await;
    assert!(hanging.is_err());
    assert_eq!(call("echo", b"still here").await.unwrap(), "still here");
    let of_the_plugin = soon(plugin(&host).call("teleport", Bytes::new())).await;
    assert_eq!(of_the_plugin, Err(CallError::unknown("teleport")));
}

#[tokio::test]
async fn an_attempt_can_be_sent_a_signal_and_asked_what_it_has_used() {
    let host = Host::with(&["modern"]);
    let task = host.build(&command("s", "answers", &[]));
    let attempt = Spawn::new(1).begin(&task, CancellationToken::new());
    let running = tokio::spawn(attempt.future);
    let control = attempt.control;
    let began = Instant::now();
    let stats = loop {
        match soon(control.call("stats", Bytes::new())).await {
            Ok(stats) => break stats,
            // It has not said yet what it answers.
            Err(CallError::UnknownMethod { .. }) if began.elapsed() < SOON => {}
            Err(err) => panic!("{err}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert_eq!(stats, r#"{"lines":1}"#);
    let signal = Bytes::from_static(br#"{"signal":15}"#);
    soon(control.call("signal", signal)).await.unwrap();
    let end = soon(running).await.unwrap();
    assert!(
        matches!(&end, Err(TaskError::Fail { reason, .. }) if reason == "ended by signal 15"),
        "{end:?}"
    );
    assert_eq!(control.outcome().signal, Some(15));
    let over = soon(control.call("stats", Bytes::new())).await;
    assert_eq!(over, Err(CallError::unknown("stats")));
}

#[tokio::test]
async fn an_attempt_knows_its_number_its_run_its_deadline_and_its_input() {
    let host = Host::with(&["modern"]);
    let lines_of = async |task: &TaskRef, spawn: Spawn| {
        let id = TaskId::from(task.name());
        host.registry.ensure_channel(id.clone());
        let mut events = host.registry.subscribe(&id).unwrap();
        let attempt = spawn.begin(task, CancellationToken::new());
        soon(attempt.future).await.unwrap();
        let mut lines = Vec::new();
        while let Ok(event) = events.try_recv() {
            if let solti_model::OutputEvent::Chunk(chunk) = event {
                lines.push((
                    chunk.attempt,
                    String::from_utf8(chunk.line.to_vec()).unwrap(),
                ));
            }
        }
        lines
    };
    let task = host.build(&command("s", "number", &[]));
    assert_eq!(
        lines_of(&task, Spawn::new(7)).await,
        [(7, "attempt 7".to_owned())]
    );
    // A supervisor that does not count leaves it to the task.
    let task = host.build(&command("s", "number", &[]));
    for number in 1..=3 {
        let (end, lines) = host.attempt(&task, CancellationToken::new()).await;
        end.unwrap();
        assert_eq!(
            (lines[0].attempt, &*lines[0].text),
            (number, &*format!("attempt {number}"))
        );
    }
    let context = host
        .router
        .context()
        .clone()
        .with_run_id(RunId::from_parts("modern-s-77".to_owned(), 77))
        .with_metadata(Map::from_iter([("uid".to_owned(), "u-1".into())]));
    let named = host
        .router
        .build_async_in(&command("s", "id", &[]), context.clone())
        .await;
    let named = named.unwrap();
    assert_eq!(named.name(), "modern-s-77");
    assert_eq!(
        lines_of(&named, Spawn::new(1)).await,
        [(1, "modern-s-77".to_owned())]
    );
    let told = host
        .router
        .build_async_in(&command("s", "metadata", &[]), context)
        .await;
    let told = told.unwrap();
    assert_eq!(
        lines_of(&told, Spawn::new(1)).await,
        [(1, r#"{"uid":"u-1"}"#.to_owned())]
    );

    let task = host.build(&command("s", "deadline", &[]));
    let spawn = Spawn::new(1).with_deadline(Instant::now() + Duration::from_secs(9_000));
    let lines = lines_of(&task, spawn).await;
    assert!(
        lines[0].1 == "Some(8999)" || lines[0].1 == "Some(9000)",
        "{lines:?}"
    );

    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(b"from the host\n").unwrap();
    drop(writer);
    let task = host.build(&command("s", "stdin", &[]));
    let spawn = Spawn::new(1).with_stdin(OwnedFd::from(reader));
    assert_eq!(
        lines_of(&task, spawn).await,
        [(1, "from the host".to_owned())]
    );
}

#[tokio::test]
async fn an_attempt_ends_with_an_outcome_on_success_as_well() {
    let host = Host::with(&["modern"]);
    for (code, success) in [("0", true), ("3", false)] {
        let task = host.build(&command("s", "outcome", &[code]));
        let attempt = Spawn::new(1).begin(&task, CancellationToken::new());
        let end = soon(attempt.future).await;
        assert_eq!(end.is_ok(), success, "{end:?}");
        let outcome = attempt.control.outcome();
        assert_eq!(outcome.exit_code, code.parse().ok());
        assert_eq!(outcome.details["rss"], 4096);
    }
    let task = host.build(&command("s", "signaled", &[]));
    let attempt = Spawn::new(1).begin(&task, CancellationToken::new());
    assert!(soon(attempt.future).await.is_err());
    assert_eq!(attempt.control.outcome().signal, Some(9));
}

#[tokio::test]
async fn a_build_that_is_dropped_is_cancelled_whatever_it_waits_for() {
    let host = Host::with(&["modern"]);
    for behaviour in ["build-waits", "build-blocks"] {
        let directory = tempfile::tempdir().unwrap();
        let mark = directory.path().join("mark");
        let spec = command("s", behaviour, &[mark.to_str().unwrap()]);
        let building = host.router.build_async(&spec);
        let given_up = tokio::time::timeout(Duration::from_millis(100), building).await;
        assert!(given_up.is_err(), "{behaviour}");
        wait_for(&mark);
    }
    // Cancelled, it answers that.
    let directory = tempfile::tempdir().unwrap();
    let mark = directory.path().join("mark");
    let spec = command("s", "build-waits", &[mark.to_str().unwrap()]);
    let cancel = CancellationToken::new();
    let context = host
        .router
        .context()
        .clone()
        .with_cancellation(cancel.clone());
    let canceler = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        cancel.cancel();
    });
    let refused = soon(host.router.build_async_in(&spec, context)).await;
    let refused = refused.map(|_| ()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "internal error: the build was cancelled"
    );
    canceler.await.unwrap();
}

#[tokio::test]
async fn a_slow_build_does_not_hold_up_others_nor_do_many_attempts() {
    let host = Host::with(&["modern"]);
    let directory = tempfile::tempdir().unwrap();
    let mark = directory.path().join("mark");
    let slow = command("slow", "build-blocks", &[mark.to_str().unwrap()]);
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let task = host.build(&command("s", "wait", &[]));
            Spawn::new(1).begin(&task, CancellationToken::new())
        })
        .collect();
    let slow = host.router.build_async(&slow);
    let quick = async {
        for behaviour in ["number", "build-awaits"] {
            soon(host.router.build_async(&command("q", behaviour, &[])))
                .await
                .unwrap();
        }
    };
    tokio::select! {
        biased;
        built = slow => panic!("it was built: {}", built.is_ok()),
        () = quick => {}
    }
    drop(waiting);
    let panicked = soon(host.router.build_async(&command("s", "build-panics", &[]))).await;
    let panicked = panicked.map(|_| ()).unwrap_err().to_string();
    let begins = "internal error: plugin 'modern' panicked: told to panic while building (at ";
    assert!(panicked.starts_with(begins), "{panicked}");
}

#[tokio::test]
async fn an_attempt_that_holds_up_the_plugins_only_worker_holds_up_no_build_and_no_cancel() {
    let host = Host::with(&["modern"]);
    let directory = tempfile::tempdir().unwrap();
    let [let_go, mark] = ["let-go", "mark"].map(|name| directory.path().join(name));
    let hog = host.build(&command("s", "hog", &[let_go.to_str().unwrap()]));
    let mut events = host.registry.subscribe(&TaskId::from(hog.name())).unwrap();
    let attempt = Spawn::new(1).begin(&hog, CancellationToken::new());
    let running = tokio::spawn(attempt.future);
    soon(events.recv()).await.unwrap();
    let built = soon(host.router.build_async(&command("s", "number", &[]))).await;
    built.unwrap();
    let cancel = CancellationToken::new();
    let context = host
        .router
        .context()
        .clone()
        .with_cancellation(cancel.clone());
    let blocks = command("s", "build-blocks", &[mark.to_str().unwrap()]);
    let building = host.router.build_async_in(&blocks, context);
    let canceler = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        cancel.cancel();
    };
    let (refused, ()) = soon(async { tokio::join!(building, canceler) }).await;
    let refused = refused.map(drop).unwrap_err().to_string();
    assert_eq!(refused, "internal error: the build was cancelled");
    wait_for(&mark);
    fs::write(&let_go, "").unwrap();
    soon(running).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_an_author_measures_reaches_the_host_with_its_labels() {
    let host = Host::with(&["modern"]);
    for _ in 0..2 {
        host.run(&command("s", "measure", &[])).await.0.unwrap();
    }
    let measured: Vec<_> = plugin(&host)
        .measured()
        .into_iter()
        .map(|it| (it.name, it.labels, it.value, it.count))
        .collect();
    let label = vec![("kind".to_owned(), "a".to_owned())];
    assert_eq!(
        measured,
        [
            ("modern_done_total".to_owned(), label, 4.0, 0),
            ("modern_level".to_owned(), vec![], 7.0, 0),
            ("modern_seconds".to_owned(), vec![], 0.6, 2),
        ]
    );
    assert_eq!(plugin(&host).measurements_left_out(), 0);
    let metrics = host.report.plugin_metrics();
    for line in [
        "# TYPE plugin_modern_done_total counter\n",
        "plugin_modern_done_total{plugin=\"modern\",kind=\"a\"} 4\n",
        "plugin_modern_seconds_bucket{plugin=\"modern\",le=\"0.5\"} 2\n",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
}

#[tokio::test]
async fn a_plugin_learns_who_its_host_is_and_what_it_is_called_here() {
    let directory = support::directory_with(&["modern"]);
    fs::write(
        directory.path().join("modern.toml"),
        "name = \"modern-eu\"\n",
    )
    .unwrap();
    let state = tempfile::tempdir().unwrap();
    let loader = PluginLoader::new()
        .state_dir(state.path())
        .grace(Duration::from_millis(1_500));
    let host = Host::load(directory, loader);
    let (end, lines) = host.run(&command("s", "host", &[])).await;
    end.unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        lines[0].text,
        format!("solti-plugin-host {version} modern-eu")
    );
    let own = state.path().join("plugins/modern-eu");
    assert!(own.is_dir());
    assert_eq!(lines[1].text, format!("Some({own:?}) Some(1.5s)"));
    let info: Value = serde_json::from_str(&lines[2].text).unwrap();
    assert_eq!(info["version"], version);
    assert_eq!(lines[3].text, "unknown method 'teleport'");
}

/// A log that keeps what it is given, once it may.
#[derive(Default)]
struct Log {
    may_take: AtomicBool,
    taken: Mutex<Vec<Taken>>,
}

#[derive(Debug)]
struct Taken {
    level: Level,
    message: String,
    fields: Value,
    run_id: Option<String>,
    time: SystemTime,
}

impl PluginLog for Log {
    fn max_level(&self) -> LevelFilter {
        LevelFilter::INFO
    }

    fn enabled(&self, _: &str, level: Level, _: &str) -> bool {
        level <= Level::INFO
    }

    fn record(&self, record: &PluginRecord<'_>) {
        while !self.may_take.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.taken.lock().unwrap().push(Taken {
            level: record.level,
            message: record.message.to_owned(),
            fields: Value::Object(record.fields.clone()),
            run_id: record.run_id.map(str::to_owned),
            time: record.time,
        });
    }
}

fn host_with_log() -> (Host, Arc<Log>) {
    let log = Arc::new(Log::default());
    let as_log: Arc<dyn PluginLog> = Arc::clone(&log) as _;
    let loader = PluginLoader::new().log(as_log);
    (
        Host::load(support::directory_with(&["modern"]), loader),
        log,
    )
}

#[tokio::test]
async fn a_log_record_keeps_types_time_and_run_and_is_there_before_the_attempt_ends() {
    let (host, log) = host_with_log();
    log.may_take.store(true, Ordering::SeqCst);
    let task = host.build(&command("s", "log", &[]));
    let began = SystemTime::now();
    host.attempt(&task, CancellationToken::new())
        .await
        .0
        .unwrap();
    let taken = log.taken.lock().unwrap();
    let [record] = &taken[..] else {
        panic!("{taken:?}");
    };
    assert_eq!(record.level, Level::INFO);
    assert_eq!(record.message, "said\nmore");
    let typed = json!({ "size": 3, "good": true, "name": "a\nb", "part": 0.5 });
    assert_eq!(record.fields, typed);
    assert_eq!(record.run_id.as_deref(), Some(task.name()));
    assert!(record.time >= began && record.time <= SystemTime::now());
}

#[tokio::test]
async fn a_log_that_is_stuck_stops_no_task_and_what_it_loses_is_counted() {
    let (host, log) = host_with_log();
    for _ in 0..3 {
        let many = command("s", "log-many", &["4000"]);
        soon(host.run(&many)).await.0.unwrap();
    }
    let lost = plugin(&host).records_lost();
    // One record is with the log.
    assert!((12_000 - 4_097..=12_000 - 4_096).contains(&lost), "{lost}");
    log.may_take.store(true, Ordering::SeqCst);
    plugin(&host).shutdown(Duration::from_secs(1));
    let began = Instant::now();
    let told = format!(
        "the log takes records more slowly than the plugin writes them: {lost} records lost"
    );
    while !log
        .taken
        .lock()
        .unwrap()
        .iter()
        .any(|it| it.message == told)
    {
        assert!(began.elapsed() < SOON);
        std::thread::sleep(Duration::from_millis(5));
    }
    let metrics = host.report.plugin_metrics();
    let counted = format!("solti_plugin_log_records_lost_total{{plugin=\"modern\"}} {lost}\n");
    assert!(metrics.contains(&counted), "{metrics}");
}

#[tokio::test]
async fn a_panic_is_told_in_its_own_words_and_counted_as_a_failure() {
    let host = Host::with(&["modern"]);
    let begin = |behaviour: &str| {
        let task = host.build(&command("s", behaviour, &[]));
        tokio::spawn(Spawn::new(1).begin(&task, CancellationToken::new()).future)
    };
    // With one worker both are on one thread, in turns.
    for _ in 0..20 {
        let (caught, resumed) = (begin("catch"), begin("resume"));
        soon(caught).await.unwrap().unwrap();
        let resumed = soon(resumed).await.unwrap().unwrap_err();
        assert!(
            matches!(&resumed, TaskError::Fatal { reason, .. }
                if reason == "plugin 'modern' panicked: carried over"),
            "{resumed:?}"
        );
    }
    let before = host.metrics.all().len();
    let panicked = soon(begin("panic")).await.unwrap().unwrap_err().to_string();
    assert!(panicked.contains("told to panic (at "), "{panicked}");
    let process = RunnerType::Subprocess;
    assert_eq!(
        host.metrics.all()[before..],
        [
            Record::Started(process),
            Record::Completed(process, TaskOutcome::Failure)
        ]
    );
}

#[tokio::test]
async fn a_sink_that_is_used_late_from_a_thread_that_nobody_knows_loses_nothing_and_waits_for_nothing()
 {
    let host = Host::with(&["modern"]);
    let directory = tempfile::tempdir().unwrap();
    let mark = directory.path().join("mark");
    let task = host.build(&command("s", "late", &[mark.to_str().unwrap()]));
    let id = TaskId::from(task.name());
    let mut events = host.registry.subscribe(&id).unwrap();
    soon(Spawn::new(1).begin(&task, CancellationToken::new()).future)
        .await
        .unwrap();
    plugin(&host).shutdown(Duration::from_secs(1));
    wait_for(&mark);
    let mut lines = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let solti_model::OutputEvent::Chunk(chunk) = event {
            lines.push(String::from_utf8(chunk.line.to_vec()).unwrap());
        }
    }
    assert_eq!(lines, ["late", "later and without an end"]);
}

#[tokio::test]
async fn a_sink_of_a_run_that_nobody_announced_is_counted_and_takes_no_memory() {
    let host = Host::with(&["modern"]);
    host.run(&command("s", "number", &[])).await.0.unwrap();
    assert_eq!(plugin(&host).unannounced_sinks(), 0);
    host.build(&command("s", "made-up", &[]));
    assert_eq!(plugin(&host).unannounced_sinks(), 1);
}

#[tokio::test]
async fn what_is_written_reaches_subscribers_as_lines_and_nothing_is_lost_without_finish() {
    let host = Host::with(&["modern"]);
    let (end, lines) = host.run(&command("s", "block", &[])).await;
    end.unwrap();
    assert_eq!(texts(&lines), ["one", "two halves", "\u{fffd} and no end"]);
    assert_eq!(
        lines.iter().map(|line| line.seq).collect::<Vec<_>>(),
        [0, 1, 2]
    );
}

#[tokio::test]
async fn a_draining_plugin_finishes_what_it_began_and_takes_no_more() {
    let host = Host::with(&["modern"]);
    let task = host.build(&command("s", "wait", &[]));
    let other = host.build(&command("s", "number", &[]));
    let cancel = CancellationToken::new();
    let attempt = Spawn::new(1).begin(&task, cancel.clone());
    let running = tokio::spawn(attempt.future);
    let idle = plugin(&host).idle();
    tokio::pin!(idle);
    assert!(
        tokio::time::timeout(Duration::from_millis(50), &mut idle)
            .await
            .is_err()
    );
    let runner = Arc::clone(host.router.pick(&command("s", "number", &[])).unwrap());
    plugin(&host).drain();
    let told = soon(runner.call("draining", Bytes::new())).await.unwrap();
    assert_eq!(told, "true");
    // The router looks for another runner; who has this one already is told.
    let spec = command("s", "number", &[]);
    let nobody = host.router.build(&spec).map(drop).unwrap_err();
    assert!(matches!(nobody, RunnerError::NoRunner(_)), "{nobody}");
    let refused = runner.build_task(&spec, host.router.context());
    assert_eq!(
        refused.map(drop).unwrap_err().to_string(),
        "internal error: plugin 'modern': the plugin drains and builds no task"
    );
    let (end, _) = host.attempt(&other, CancellationToken::new()).await;
    assert!(
        matches!(&end, Err(TaskError::Fail { reason, .. })
            if reason == "plugin 'modern': the plugin drains and begins no attempt"),
        "{end:?}"
    );
    cancel.cancel();
    soon(running).await.unwrap().unwrap();
    soon(idle).await;
}

/// A registry whose sinks want their writers to wait until they are let go.
#[derive(Default)]
struct Pressing {
    taken: AtomicU32,
    open: AtomicBool,
    opened: Notify,
}

struct PressingRegistry(Arc<Pressing>);
struct PressingSink(Arc<Pressing>);

impl Pressing {
    fn open(&self) {
        self.open.store(true, Ordering::SeqCst);
        self.opened.notify_waiters();
    }

    fn take(&self) -> Pressure {
        self.taken.fetch_add(1, Ordering::SeqCst);
        if self.open.load(Ordering::SeqCst) {
            Pressure::None
        } else {
            Pressure::Wait
        }
    }
}

impl OutputBackend for PressingRegistry {
    fn ensure_channel(&self, _: &TaskId) {}
    fn sink_for(&self, _: &TaskId, _: u32) -> Arc<dyn SinkBackend> {
        Arc::new(PressingSink(Arc::clone(&self.0)))
    }
    fn announce_run_started(&self, _: &TaskId, _: u32) {}
    fn announce_run_finished(&self, _: &TaskId, _: u32, _: Option<i32>) {}
    fn evict(&self, _: &TaskId) {}
    fn active_channels(&self) -> usize {
        0
    }
}

impl SinkBackend for PressingSink {
    fn push(&self, _: StreamKind, _: bool, _: &[u8]) -> Pressure {
        self.0.take()
    }
    fn push_lines(&self, _: StreamKind, _: &[u8], _: &[[u32; 2]]) -> Pressure {
        self.0.take()
    }
    fn write(&self, _: StreamKind, _: Block<'_>) -> Pressure {
        self.0.take()
    }
    fn ready(&self) -> Ready {
        let pressing = Arc::clone(&self.0);
        Box::pin(async move {
            let opened = pressing.opened.notified();
            if !pressing.open.load(Ordering::SeqCst) {
                opened.await;
            }
        })
    }
    fn wait_ready(&self, at_most: Duration) -> bool {
        std::thread::sleep(at_most);
        self.0.open.load(Ordering::SeqCst)
    }
    fn is_enabled(&self) -> bool {
        true
    }
}

/// A host with one worker in the plugin, whose output presses back.
fn pressing_host() -> (RunnerRouter, Arc<Pressing>, tempfile::TempDir) {
    let directory = support::directory_with(&["modern"]);
    let pressing = Arc::new(Pressing::default());
    let registry = OutputRegistry::with_backend(PressingRegistry(Arc::clone(&pressing)));
    let context = BuildContext::default().with_output_registry(Arc::new(registry));
    let mut router = RunnerRouter::new().with_context(context);
    let report = PluginLoader::new()
        .load_dir(directory.path(), &mut router)
        .unwrap();
    assert!(report.rejected().is_empty(), "{report}");
    (router, pressing, directory)
}

#[tokio::test]
async fn a_writer_waits_while_it_is_pressed_and_another_task_of_the_same_worker_goes_on() {
    let (router, pressing, _directory) = pressing_host();
    let begin = |behaviour: &str, args: &[&str], cancel: &CancellationToken| {
        let task = router.build(&command("s", behaviour, args)).unwrap();
        tokio::spawn(Spawn::new(1).begin(&task, cancel.clone()).future)
    };
    let pressed = begin("press", &["100"], &CancellationToken::new());
    let cancel = CancellationToken::new();
    let canceled = begin("press", &["100"], &cancel);
    let ignoring = begin("press-and-ignore", &["1000"], &CancellationToken::new());
    // Who ignores it still works, beside two that wait.
    soon(ignoring).await.unwrap().unwrap();
    assert!(!pressed.is_finished() && !canceled.is_finished());
    assert_eq!(pressing.taken.load(Ordering::SeqCst), 1002);
    // A cancelled attempt waits no longer, though nobody has made room.
    cancel.cancel();
    soon(canceled).await.unwrap().unwrap();
    assert!(!pressed.is_finished());
    pressing.open();
    soon(pressed).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_thread_that_waits_for_the_host_to_take_output_ends_with_the_attempt() {
    let (router, pressing, _directory) = pressing_host();
    let begin = |cancel: &CancellationToken| {
        let task = router
            .build(&command("s", "press-on-a-thread", &[]))
            .unwrap();
        tokio::spawn(Spawn::new(1).begin(&task, cancel.clone()).future)
    };
    let told = async |attempt: tokio::task::JoinHandle<_>| {
        let end: Result<(), TaskError> = soon(attempt).await.unwrap();
        end.unwrap_err().to_string()
    };
    let cancel = CancellationToken::new();
    let canceled = begin(&cancel);
    let began = Instant::now();
    while pressing.taken.load(Ordering::SeqCst) == 0 {
        assert!(began.elapsed() < SOON);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    cancel.cancel();
    let end = told(canceled).await;
    assert!(end.contains("pressed true, may go on false"), "{end}");
    let opened = begin(&CancellationToken::new());
    pressing.open();
    let end = told(opened).await;
    assert!(end.contains("may go on true"), "{end}");
}

#[tokio::test]
async fn nothing_waits_for_ever_for_a_host_that_takes_no_output() {
    let (router, _pressing, _directory) = pressing_host();
    let task = router.build(&command("s", "press", &["3"])).unwrap();
    // Out of time.
    let spawn = Spawn::new(1).with_deadline(Instant::now() + Duration::from_millis(50));
    let attempt = spawn.begin(&task, CancellationToken::new());
    soon(attempt.future).await.unwrap();
    // Dropped: the host's word is enough, and the worker is free for the next.
    let attempt = Spawn::new(2).begin(&task, CancellationToken::new());
    drop(attempt);
    let next = router.build(&command("s", "measure", &[])).unwrap();
    soon(Spawn::new(1).begin(&next, CancellationToken::new()).future)
        .await
        .unwrap();
}
