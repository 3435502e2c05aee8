//! How many threads a plugin's runtime has: what a second one brings, and what it costs.

use std::num::NonZeroU32;

use benches::measure::{Comparison, interleave};
use benches::ours::Ours;
use benches::plugins;
use benches::report::Row;
use benches::side::host_runtime;
use benches::specs;

use crate::task::run_at_once;
use crate::{Group, Setup};

pub(super) const WORKERS: Group = Group {
    cases: &[
        "workers_2_compute",
        "workers_2_block",
        "workers_2_wait",
        "workers_2_lines",
    ],
    run: workers,
};

const CAPACITY: usize = 1024;

/// Both sides are plugins: ours has two workers, theirs has one.
fn workers(setup: &Setup) -> Vec<Row> {
    let directory = plugins::directory_with("pusher");
    let one = NonZeroU32::MIN;
    let two = Ours::with_workers(directory.path(), CAPACITY, one.saturating_add(1));
    let one = Ours::with_workers(directory.path(), CAPACITY, one);
    let runtime = host_runtime();
    let lines = setup.work(100_000);
    let cases = [
        (
            "workers_2_compute",
            specs::pusher("compute", &[20]),
            16,
            "16 tasks of 20 ms each",
        ),
        (
            "workers_2_block",
            specs::pusher("block", &[5]),
            32,
            "32 tasks that block for 5 ms",
        ),
        (
            "workers_2_wait",
            specs::pusher("sleep", &[10]),
            1_000,
            "1000 tasks that sleep 10 ms",
        ),
        (
            "workers_2_lines",
            specs::pusher("push-blocks", &[lines, 64, 64]),
            8,
            "8 tasks that push 100000 lines, nobody listens",
        ),
    ];
    cases
        .into_iter()
        .filter(|(case, ..)| setup.wants(case))
        .map(|(case, spec, count, timed)| {
            let rounds = interleave(
                setup.rounds(11),
                || run_at_once(&runtime, &two, &spec, count),
                || run_at_once(&runtime, &one, &spec, count),
            );
            let comparison = Comparison::of(&rounds, |seconds| *seconds);
            Row::new(case, comparison, 1e3, "ms", None, timed)
        })
        .collect()
}
