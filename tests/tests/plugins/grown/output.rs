//! Sinks that outlive an attempt, and output that presses back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use solti_model::{StreamKind, TaskId};
use solti_plugin_host::output::{Block, OutputBackend, Pressure, Ready, SinkBackend};
use solti_plugin_host::{BuildContext, OutputRegistry, PluginLoader, RunnerRouter, Spawn};
use taskvisor::TaskError;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{plugin, soon, wait_for};
use crate::support::{self, Host, SOON, command, texts};

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
