//! The room for what waits to be written.

use solti_plugin_host::output::TapEvent;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Bytes of blocks that may wait for the writer, of all tasks: a plugin may push many megabytes at once.
const WAITING_BYTES: usize = 1 << 20;

/// The room for them: there is one writer.
static ROOM: Semaphore = Semaphore::const_new(WAITING_BYTES);

/// The room that an event takes until it is written. One that is larger than all there is has it alone.
pub(super) type Room = Option<SemaphorePermit<'static>>;

/// Waits for the room that an event takes.
pub(super) async fn room_for(event: &TapEvent) -> Room {
    let TapEvent::Block(block) = event else {
        return None;
    };
    let bytes = block.bytes.len().min(WAITING_BYTES) as u32;
    // It is never closed.
    ROOM.acquire_many(bytes).await.ok()
}
