//! Sends what a task writes into the queue.

use solti_plugin_host::output::TapEvent;
use solti_plugin_host::supervise::TaskOutput;
use solti_plugin_queue::Feed;

use crate::output::{Writer, Written, add_event, are_worth_keeping};

/// How many bytes are sent at once at most, where so many have come.
const MOST: usize = 256 << 10;

/// Sends what a task writes into the queue, until it is complete; how many bytes that were. A task that is much
/// ahead of the queue waits before it writes more.
pub(super) async fn send(written: &Written, mut output: TaskOutput, mut feed: Feed) -> u64 {
    let (mut frames, mut writer) = (Vec::new(), Writer::default());
    let mut take = |event: &TapEvent, frames: &mut Vec<u8>| {
        if let TapEvent::Block(block) = event {
            writer.count(written, block);
        }
        add_event(frames, event, 0);
    };
    let mut is_silent = true;
    while let Some(event) = output.next().await {
        take(&event, &mut frames);
        while frames.len() < MOST
            && let Some(event) = output.try_next()
        {
            take(&event, &mut frames);
        }
        // That a task has begun is no message of its own: most write soon, and some nothing.
        is_silent = is_silent && !are_worth_keeping(&frames);
        if !is_silent {
            feed.push(std::mem::take(&mut frames).into()).await;
        }
    }
    drop(output);
    feed.finish().await
}
