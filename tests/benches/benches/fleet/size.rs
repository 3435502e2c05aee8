//! What a task takes of the servers' disks.

use benches::fleet::{Queue, Servers, Side, Workers};

use super::Bench;

/// Prints the messages and bytes of a task while it waits and when it has ended.
pub(super) fn print(bench: &Bench) {
    let queue = Queue::empty(&bench.programs, Servers::One);
    let _ = queue.submit(&bench.programs, "t", bench.tasks);
    let waiting = queue.sizes();
    let _hosts = Workers::start(&bench.programs, Side::Host, &queue.url(), 1);
    let _ = queue.drained();
    for ((name, messages, bytes), before) in queue.sizes().into_iter().zip(waiting) {
        let each = |of: u64| of as f64 / bench.tasks as f64;
        println!(
            "{name}: of a task that waits {:.2} messages, {:.0} bytes; of one that has ended {:.2}, {:.0}",
            each(before.1),
            each(before.2),
            each(messages),
            each(bytes)
        );
    }
}
