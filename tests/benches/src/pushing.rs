//! A task that pushes lines while nobody reads.

use std::time::Instant;

use solti_model::TaskId;
use tokio::runtime::Runtime;

use crate::side::{Side, attempt};
use crate::specs;

/// Seconds of a task of the fixture `pusher`, with so many subscribers that never read.
///
/// # Panics
///
/// When the task fails.
pub fn push(
    runtime: &Runtime,
    side: &dyn Side,
    behaviour: &str,
    args: &[usize],
    idle: usize,
) -> f64 {
    runtime.block_on(async {
        let task = side.build(&specs::pusher(behaviour, args));
        let id = TaskId::from(task.name());
        let subscribers: Vec<_> = (0..idle).map(|_| side.subscribe(&id)).collect();
        let began = Instant::now();
        attempt(&task).await.expect("pushing succeeds");
        let seconds = began.elapsed().as_secs_f64();
        drop(subscribers);
        side.evict(&id);
        seconds
    })
}
