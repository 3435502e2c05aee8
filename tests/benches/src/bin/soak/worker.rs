//! One task after the other, each of another sort.

use std::fmt;
use std::ops::AddAssign;
use std::sync::Arc;
use std::time::{Duration, Instant};

use benches::ours::Ours;
use benches::side::Side as _;
use benches::specs;
use solti_model::{OutputEvent, TaskId, TaskSpec};
use taskvisor::{TaskError, TaskRef};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::tapping::{self, Reader};

/// Longer than any task takes, however busy the machine is.
pub(super) const LOST_AFTER: Duration = Duration::from_secs(60);

/// Lines of a task that pushes; less than a channel keeps.
pub(super) const LINES: usize = 2000;

/// What became of the tasks.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counts {
    succeeded: u64,
    failed: u64,
    cancelled: u64,
    dropped: u64,
    lines: u64,
    /// Ended otherwise than they had to.
    wrong: u64,
    /// Never ended.
    lost: u64,
    /// Lines that taps have handed out.
    tapped: u64,
    /// Lines that a tap has not handed out, or not as they were.
    missing: u64,
}

impl Counts {
    pub(super) fn all(&self) -> u64 {
        self.succeeded + self.failed + self.cancelled + self.dropped + self.wrong + self.lost
    }

    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (count, what) in [
            (self.lost, "tasks were lost"),
            (self.wrong, "tasks ended otherwise than they had to"),
            (self.missing, "lines are missing from taps"),
        ] {
            if count > 0 {
                problems.push(format!("{count} {what}"));
            }
        }
        for (count, what) in [
            (self.succeeded, "succeeded"),
            (self.failed, "failed"),
            (self.cancelled, "was cancelled"),
            (self.dropped, "was dropped"),
            (self.tapped, "was tapped"),
        ] {
            if count == 0 {
                problems.push(format!("no task {what}, so this showed little"));
            }
        }
        problems
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.cancelled += other.cancelled;
        self.dropped += other.dropped;
        self.lines += other.lines;
        self.wrong += other.wrong;
        self.lost += other.lost;
        self.tapped += other.tapped;
        self.missing += other.missing;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} tasks: {} succeeded, {} failed, {} cancelled, {} dropped, {} wrong, {} lost; \
             {} lines received, {} of taps, {} missing",
            self.all(),
            self.succeeded,
            self.failed,
            self.cancelled,
            self.dropped,
            self.wrong,
            self.lost,
            self.lines + self.tapped,
            self.tapped,
            self.missing,
        )
    }
}

/// Runs tasks until the time is over.
pub(super) async fn work(ours: Arc<Ours>, number: usize, until: Instant) -> Counts {
    let mut counts = Counts::default();
    let mut turn = number;
    while Instant::now() < until {
        turn += 1;
        match turn % 12 {
            0 => pushing(&ours, Subscriber::KeepsUp, &mut counts).await,
            1 => pushing(&ours, Subscriber::Leaves, &mut counts).await,
            2 => pushing(&ours, Subscriber::FallsBehind, &mut counts).await,
            3 => pushing(&ours, Subscriber::None, &mut counts).await,
            4 => failing(&ours, &mut counts).await,
            5 => cancelled(&ours, &mut counts).await,
            6 => dropped(&ours, &mut counts).await,
            7 if number.is_multiple_of(8) => process(&ours, &mut counts).await,
            8 => tapping::pushing(&ours, Reader::KeepsUp, &mut counts).await,
            9 => tapping::pushing(&ours, Reader::Slow, &mut counts).await,
            10 => tapping::pushing(&ours, Reader::Several, &mut counts).await,
            11 if number.is_multiple_of(8) => tapping::process(&ours, &mut counts).await,
            _ => nothing(&ours, &mut counts).await,
        }
    }
    counts
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subscriber {
    None,
    KeepsUp,
    Leaves,
    FallsBehind,
}

async fn pushing(ours: &Ours, subscriber: Subscriber, counts: &mut Counts) {
    let run = Run::build(
        ours,
        plugin("pusher", &specs::pusher("push-blocks", &[LINES, 64, 50])),
    );
    let events = (subscriber != Subscriber::None).then(|| ours.subscribe(&run.id));
    let attempt = run.start(CancellationToken::new());
    if let Some(mut events) = events {
        let wanted = match subscriber {
            Subscriber::Leaves => 10,
            Subscriber::FallsBehind => {
                sleep(Duration::from_millis(2)).await;
                0
            }
            _ => LINES,
        };
        let received = receive(&mut events, wanted).await;
        counts.lines += received as u64;
        if received < wanted {
            counts.wrong += 1;
        }
    }
    let end = end_of(attempt).await;
    counts.succeed(end);
}

/// Receives so many lines, or those that come before the end.
async fn receive(events: &mut Receiver<OutputEvent>, wanted: usize) -> usize {
    let mut received = 0;
    while received < wanted {
        match timeout(LOST_AFTER, events.recv()).await {
            Ok(Ok(OutputEvent::Chunk(chunk))) if chunk.line.len() == 64 => received += 1,
            Ok(Ok(_) | Err(RecvError::Lagged(_) | RecvError::Closed)) | Err(_) => break,
        }
    }
    received
}

async fn failing(ours: &Ours, counts: &mut Counts) {
    let run = Run::build(ours, plugin("pusher", &specs::pusher("fail", &[])));
    let end = end_of(run.start(CancellationToken::new())).await;
    counts.expect(
        end,
        |end| {
            matches!(
                end,
                Err(TaskError::Fail {
                    exit_code: Some(1),
                    ..
                })
            )
        },
        |counts| &mut counts.failed,
    );
}

async fn cancelled(ours: &Ours, counts: &mut Counts) {
    let run = Run::build(ours, plugin("pusher", &specs::pusher("sleep", &[60_000])));
    let cancel = CancellationToken::new();
    let attempt = run.start(cancel.clone());
    sleep(Duration::from_millis(1)).await;
    cancel.cancel();
    let end = end_of(attempt).await;
    counts.expect(
        end,
        |end| matches!(end, Err(TaskError::Canceled)),
        |counts| &mut counts.cancelled,
    );
}

async fn dropped(ours: &Ours, counts: &mut Counts) {
    let run = Run::build(ours, plugin("pusher", &specs::pusher("sleep", &[60_000])));
    let attempt = run.start(CancellationToken::new());
    sleep(Duration::from_millis(1)).await;
    attempt.abort();
    // Aborted, which drops the attempt; that it ends in the plugin too is seen at rest.
    let _ = attempt.await;
    counts.dropped += 1;
}

async fn process(ours: &Ours, counts: &mut Counts) {
    let spec = specs::command("sh", &["-c", "echo out; echo err >&2"]);
    let run = Run::build(ours, plugin("subprocess", &spec));
    let mut events = ours.subscribe(&run.id);
    let end = end_of(run.start(CancellationToken::new())).await;
    let mut lines = 0;
    loop {
        match events.try_recv() {
            Ok(OutputEvent::Chunk(_)) => lines += 1,
            Ok(_) | Err(TryRecvError::Lagged(_)) => {}
            Err(_) => break,
        }
    }
    counts.lines += lines;
    counts.expect(
        end,
        |end| end.is_ok() && lines == 2,
        |counts| &mut counts.succeeded,
    );
}

async fn nothing(ours: &Ours, counts: &mut Counts) {
    let run = Run::build(ours, plugin("pusher", &specs::pusher("nothing", &[])));
    let end = end_of(run.start(CancellationToken::new())).await;
    counts.succeed(end);
}

pub(super) fn plugin(name: &str, spec: &TaskSpec) -> TaskSpec {
    specs::selecting(spec.clone(), "plugin", name)
}

pub(super) type End = Result<(), TaskError>;

/// A built task, whose output is forgotten in the end.
pub(super) struct Run<'a> {
    ours: &'a Ours,
    task: TaskRef,
    pub(super) id: TaskId,
}

impl<'a> Run<'a> {
    pub(super) fn build(ours: &'a Ours, spec: TaskSpec) -> Self {
        let task = ours.build(&spec);
        let id = TaskId::from(task.name());
        Self { ours, task, id }
    }

    pub(super) fn start(&self, cancel: CancellationToken) -> JoinHandle<End> {
        tokio::spawn(self.task.spawn(cancel))
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        self.ours.evict(&self.id);
    }
}

/// The end of an attempt; `None` when there is none.
pub(super) async fn end_of(attempt: JoinHandle<End>) -> Option<End> {
    timeout(LOST_AFTER, attempt).await.ok()?.ok()
}

impl Counts {
    /// Counts a task that has to succeed.
    pub(super) fn succeed(&mut self, end: Option<End>) {
        self.expect(end, |end| end.is_ok(), |counts| &mut counts.succeeded);
    }

    /// Counts what one tap has handed out of so many lines, and whether that is what was written.
    pub(super) fn count_lines(&mut self, tapped: u64, written: u64, is_whole: bool) {
        self.tapped += tapped;
        self.missing += written.abs_diff(tapped).max(u64::from(!is_whole));
    }

    fn expect(
        &mut self,
        end: Option<End>,
        is_right: impl FnOnce(&End) -> bool,
        count: impl FnOnce(&mut Self) -> &mut u64,
    ) {
        match end {
            None => self.lost += 1,
            Some(end) if is_right(&end) => *count(self) += 1,
            Some(_) => self.wrong += 1,
        }
    }
}
