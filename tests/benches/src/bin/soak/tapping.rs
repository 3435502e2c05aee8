//! Tasks whose output goes through taps, which lose nothing: every line is counted.

use std::time::Duration;

use benches::ours::Ours;
use benches::side::Side as _;
use benches::specs;
use solti_model::{StreamKind, TaskId};
use solti_plugin_host::output::{Tap, TapEvent, TapOptions};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::worker::{Counts, LINES, LOST_AFTER, Run, end_of, plugin};

/// What a tap keeps whose reader is slow, in bytes: a tenth of what comes.
const LITTLE: usize = 16 << 10;

/// The bytes of a line that is pushed, and its end.
const LINE: u64 = 64 + 1;

/// How the output is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    KeepsUp,
    /// The writer waits for it.
    Slow,
    /// Two that each see everything, beside one that leaves.
    Several,
}

/// Runs a task that pushes.
pub(crate) async fn pushing(ours: &Ours, reader: Reader, counts: &mut Counts) {
    let spec = plugin("pusher", &specs::pusher("push-blocks", &[LINES, 64, 50]));
    let run = Run::build(ours, spec);
    let tap = |options| tap(ours, &run.id, options);
    let mut taps = vec![tap(match reader {
        Reader::Slow => TapOptions::default().with_capacity(LITTLE),
        _ => TapOptions::default(),
    })];
    let mut leaves = None;
    if reader == Reader::Several {
        taps.push(tap(TapOptions::default().with_capacity(LITTLE)));
        leaves = Some(tap(TapOptions::default().with_capacity(1)));
    }
    let attempt = run.start(CancellationToken::new());
    let leave = async {
        if let Some(mut tap) = leaves {
            timeout(LOST_AFTER, tap.next()).await.ok();
        }
    };
    let ended = async {
        let end = end_of(attempt).await;
        ours.evict(&run.id);
        end
    };
    let reading = async {
        let readings = taps
            .into_iter()
            .map(|tap| tokio::spawn(read(tap, reader == Reader::Slow)));
        let mut read = Vec::new();
        for reading in readings.collect::<Vec<_>>() {
            read.push(reading.await.unwrap_or_default());
        }
        read
    };
    let (end, read, ()) = tokio::join!(ended, reading, leave);
    for read in read {
        let bytes = read.stdout * LINE;
        counts.count_lines(
            read.stdout,
            LINES as u64,
            read.is_whole && read.bytes == bytes,
        );
    }
    counts.succeed(end);
}

/// Runs a process that writes to both streams.
pub(crate) async fn process(ours: &Ours, counts: &mut Counts) {
    let spec = specs::command("sh", &["-c", "seq 500; seq 300 >&2; printf end"]);
    let run = Run::build(ours, plugin("subprocess", &spec));
    let tap = tap(ours, &run.id, TapOptions::default().with_capacity(1000));
    let attempt = run.start(CancellationToken::new());
    let ended = async {
        let end = end_of(attempt).await;
        ours.evict(&run.id);
        end
    };
    let (end, read) = tokio::join!(ended, read(tap, false));
    counts.count_lines(read.stdout, 501, read.is_whole);
    counts.count_lines(read.stderr, 300, read.is_whole);
    counts.succeed(end);
}

fn tap(ours: &Ours, id: &TaskId, options: TapOptions) -> Tap {
    ours.registry.ensure_channel(id.clone());
    let tap = ours.registry.tap(id, options);
    tap.expect("the channel was made just now")
}

/// What a tap has handed out.
#[derive(Debug, Default)]
struct Read {
    stdout: u64,
    stderr: u64,
    bytes: u64,
    /// Each line has the number that comes next, nothing was told to be lost, and there was an end.
    is_whole: bool,
}

/// Reads a tap to its end.
async fn read(mut tap: Tap, is_slow: bool) -> Read {
    let mut read = Read {
        is_whole: true,
        ..Read::default()
    };
    // Whether a stream has a line without an end.
    let mut open = [false; 2];
    loop {
        let block = match timeout(LOST_AFTER, tap.next()).await {
            Ok(Some(TapEvent::Block(block))) => block,
            Ok(Some(TapEvent::Lost { .. })) | Err(_) => {
                read.is_whole = false;
                return read;
            }
            Ok(Some(_)) => continue,
            Ok(None) => return read,
        };
        let (lines, open) = match block.stream {
            StreamKind::Stdout => (&mut read.stdout, &mut open[0]),
            StreamKind::Stderr => (&mut read.stderr, &mut open[1]),
        };
        read.is_whole &= block.first_line == *lines;
        let end = block.ends.last().map_or(0, |end| *end as usize);
        if !block.bytes.is_empty() {
            *open = end < block.bytes.len();
        }
        *lines += block.ends.len() as u64;
        if block.last && std::mem::take(open) {
            *lines += 1;
        }
        read.bytes += block.bytes.len() as u64;
        if is_slow {
            sleep(Duration::from_millis(1)).await;
        }
    }
}
