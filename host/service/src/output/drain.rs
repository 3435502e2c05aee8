//! Takes the output of a task out of its tap, and puts it into its log.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use solti_plugin_host::output::{Tap, TapEvent, TapOptions};
use tokio::time::sleep;
use tracing::{error, warn};

use super::events::{add, are_worth_keeping};
use super::frame::{self, Kind, Stream};
use super::outputs::{Live, Outputs};
use super::written::Writer;
use crate::config::OnFull;
use crate::disk::is_full;

/// What a tap keeps of one task that the disk is slow to take, in bytes.
const TAP: usize = 256 << 10;

/// How many bytes are written at once.
const MOST: usize = 1 << 20;

/// How often it is tried again where the disk is full.
const AGAIN: Duration = Duration::from_millis(200);

/// The tap of a task: one may write faster than any disk, and waits then, as for a pipe.
pub(super) fn tap_options() -> TapOptions {
    TapOptions::default().with_capacity(TAP)
}

/// What is lost of one stream and not told yet.
#[derive(Debug, Clone, Copy, Default)]
struct Lost {
    bytes: u64,
    lines: u64,
}

/// Reads a tap to its end.
pub(super) async fn drain(outputs: Arc<Outputs>, live: Arc<Live>, mut tap: Tap) {
    let base = live.attempts.load(Ordering::Relaxed);
    let mut lost = [Lost::default(); 2];
    let mut frames = Vec::new();
    let mut writer = Writer::default();
    let mut count = |event: &TapEvent| {
        if let TapEvent::Block(block) = event {
            writer.count(&outputs.written, block);
        }
    };
    while let Some(event) = tap.next().await {
        count(&event);
        let mut attempt = add(&mut frames, &event, base).unwrap_or(base);
        while frames.len() < MOST
            && let Some(event) = tap.try_next()
        {
            count(&event);
            attempt = add(&mut frames, &event, base).map_or(attempt, |it| it.max(attempt));
        }
        live.attempts.fetch_max(attempt, Ordering::Relaxed);
        // What was silent has no file: thousands of tasks write nothing.
        if live.log.lock().end() > 0 || are_worth_keeping(&frames) {
            let frames = std::mem::take(&mut frames);
            write(&outputs, &live, frames, attempt, &mut lost).await;
        }
    }
    drop(tap);
    outputs.leave(&live);
}

/// Writes frames, or leaves them out after a time where the disk is full.
async fn write(
    outputs: &Arc<Outputs>,
    live: &Arc<Live>,
    frames: Vec<u8>,
    attempt: u32,
    lost: &mut [Lost; 2],
) {
    let until = Instant::now() + outputs.limits.full_wait;
    let frames = Arc::new(behind_losses(frames, attempt, lost));
    let mut told = false;
    loop {
        let (of, to, what) = (Arc::clone(outputs), Arc::clone(live), Arc::clone(&frames));
        let appended = tokio::task::spawn_blocking(move || of.append(&to, &what)).await;
        let err = match appended {
            Ok(Ok(())) => {
                *lost = [Lost::default(); 2];
                return;
            }
            Ok(Err(err)) => err,
            Err(_) => io::Error::other("the thread that writes has panicked"),
        };
        if !told {
            told = true;
            error!(task = %live.name, "its output cannot be kept: {err}");
        }
        let waits = outputs.limits.on_full == OnFull::Wait || Instant::now() < until;
        if !is_full(&err) || !waits {
            let bytes = lose(&frames, lost);
            outputs.lost.fetch_add(bytes, Ordering::Relaxed);
            warn!(task = %live.name, bytes, "output is left out");
            return;
        }
        sleep(AGAIN).await;
    }
}

/// The frames, behind what tells what was lost before them.
fn behind_losses(frames: Vec<u8>, attempt: u32, lost: &[Lost; 2]) -> Vec<u8> {
    let mut all = Vec::new();
    for (stream, lost) in [Stream::Stdout, Stream::Stderr].into_iter().zip(lost) {
        if lost.bytes > 0 {
            let kind = Kind::Lost {
                stream,
                bytes: lost.bytes,
                lines: lost.lines,
            };
            frame::write(&mut all, kind, 0, attempt, (0, 0), crate::time::now(), &[]);
        }
    }
    if all.is_empty() {
        return frames;
    }
    all.extend_from_slice(&frames);
    all
}

/// Counts frames that are left out; how many bytes they were.
fn lose(frames: &[u8], lost: &mut [Lost; 2]) -> u64 {
    let (mut at, mut bytes) = (0, 0);
    while let Some(head) = frame::Head::read(&frames[at..]) {
        at += head.size();
        if let Some(stream) = head.data() {
            let lost = &mut lost[stream.index()];
            lost.bytes += head.length();
            lost.lines += u64::from(head.lines);
            bytes += head.length();
        }
    }
    bytes
}
