//! Things of the host application's that panic while a plugin uses them, and logs that are stuck.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{self, Poll};
use std::time::{Duration, Instant};

use solti_model::{StreamKind, TaskId};
use solti_plugin_host::output::{Block, OutputBackend, Pressure, Ready, SinkBackend};
use solti_plugin_host::{
    BuildContext, MetricsBackend, OutputRegistry, PluginLoader, RunnerErrorKind, RunnerRouter,
    RunnerType, Spawn, TaskOutcome,
};
use tokio_util::sync::CancellationToken;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use super::soon;
use crate::support::{self, Host, SOON, command};

/// How many destructors have panicked.
static DROPPED: AtomicU32 = AtomicU32::new(0);

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Ordering::SeqCst);
        panic!("the destructor of a backend was told to panic");
    }
}

struct Registry(Bomb);
struct Sink {
    waits: AtomicU32,
    #[expect(dead_code, reason = "it is dropped")]
    bomb: Bomb,
}
struct Over(Bomb);
struct Metrics(Bomb);

impl OutputBackend for Registry {
    fn ensure_channel(&self, _: &TaskId) {
        panic!("ensure_channel was told to panic");
    }
    fn sink_for(&self, _: &TaskId, _: u32) -> Arc<dyn SinkBackend> {
        Arc::new(Sink {
            waits: AtomicU32::new(0),
            bomb: Bomb,
        })
    }
    fn announce_run_started(&self, _: &TaskId, _: u32) {}
    fn announce_run_finished(&self, _: &TaskId, _: u32, _: Option<i32>) {}
    fn evict(&self, _: &TaskId) {}
    fn active_channels(&self) -> usize {
        0
    }
}

impl SinkBackend for Sink {
    fn push(&self, _: StreamKind, _: bool, line: &[u8]) -> Pressure {
        assert_ne!(line, b"1", "push was told to panic");
        Pressure::Wait
    }
    fn push_lines(&self, _: StreamKind, _: &[u8], _: &[[u32; 2]]) -> Pressure {
        Pressure::Wait
    }
    fn write(&self, _: StreamKind, _: Block<'_>) -> Pressure {
        Pressure::Wait
    }
    fn ready(&self) -> Ready {
        match self.waits.fetch_add(1, Ordering::SeqCst) {
            0 => Box::pin(async { panic!("ready was told to panic") }),
            _ => Box::pin(Over(Bomb)),
        }
    }
    fn wait_ready(&self, _: Duration) -> bool {
        panic!("wait_ready was told to panic");
    }
    fn is_enabled(&self) -> bool {
        true
    }
}

impl Future for Over {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut task::Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

impl MetricsBackend for Metrics {
    fn record_task_started(&self, _: RunnerType) {
        panic!("record_task_started was told to panic");
    }
    fn record_task_completed(&self, _: RunnerType, _: TaskOutcome, _: u64) {}
    fn record_runner_error(&self, _: RunnerType, _: RunnerErrorKind) {}
}

#[tokio::test]
async fn a_backend_that_panics_in_a_call_a_future_or_a_destructor_costs_no_plugin_and_no_host() {
    let directory = support::directory_with(&["modern"]);
    let registry = OutputRegistry::with_backend(Registry(Bomb));
    let context = BuildContext::default()
        .with_output_registry(Arc::new(registry))
        .with_metrics(Arc::new(Metrics(Bomb)));
    let mut router = RunnerRouter::new();
    let report = PluginLoader::new()
        .load_dir(directory.path(), &mut router)
        .unwrap();
    let plugin = &report.loaded()[0].handle;
    let spec = command("s", "press", &["3"]);
    let runner = router.pick(&spec).unwrap();
    let task = runner.build_task(&spec, &context).unwrap();
    // From here on the plugin has the last of them.
    drop(context);
    let before = DROPPED.load(Ordering::SeqCst);
    let attempt = Spawn::new(1).begin(&task, CancellationToken::new());
    soon(attempt.future).await.unwrap();
    drop(task);
    let began = Instant::now();
    // A wait, the sink, the registry and the metrics.
    while DROPPED.load(Ordering::SeqCst) < before + 4 {
        assert!(began.elapsed() < SOON, "{DROPPED:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // None of them is put down to the plugin, which goes on.
    assert_eq!(plugin.panics(), 0);
    let next = router.build(&command("s", "number", &[])).unwrap();
    soon(Spawn::new(1).begin(&next, CancellationToken::new()).future)
        .await
        .unwrap();
}

/// A log that is stuck until it may go on.
#[derive(Clone, Default)]
struct Stuck {
    may_go_on: Arc<AtomicBool>,
    messages: Arc<Mutex<Vec<String>>>,
}

struct Message<'a>(&'a mut Vec<String>);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0.push(format!("{value:?}"));
        }
    }
}

impl<S: Subscriber> Layer<S> for Stuck {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        while !self.may_go_on.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        event.record(&mut Message(&mut self.messages.lock().unwrap()));
    }

    fn enabled(&self, metadata: &tracing::Metadata<'_>, _: Context<'_, S>) -> bool {
        *metadata.level() <= tracing::Level::WARN
    }
}

/// The subscriber is the process's, as in a host: a plugin's threads have no other.
#[tokio::test]
async fn what_the_host_says_of_a_plugin_stops_none_of_its_threads() {
    const TEST: &str =
        "grown::host_panics::what_the_host_says_of_a_plugin_stops_none_of_its_threads";
    if !support::alone(TEST, |_| {}) {
        return;
    }
    let stuck = Stuck::default();
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(stuck.clone()))
        .unwrap();
    let host = Host::with(&["modern"]);
    soon(host.router.build_async(&command("s", "made-up", &[])))
        .await
        .unwrap();
    let (end, _) = soon(host.run(&command("s", "number", &[]))).await;
    end.unwrap();
    stuck.may_go_on.store(true, Ordering::SeqCst);
    let told = "plugin 'modern' writes output for the run 'made-up\\n-id', which this host has not \
                announced: only who subscribes to that id from now on gets the lines; further ones are \
                counted";
    let began = Instant::now();
    while !stuck.messages.lock().unwrap().iter().any(|it| it == told) {
        let messages = stuck.messages.lock().unwrap().clone();
        assert!(began.elapsed() < SOON, "{messages:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
