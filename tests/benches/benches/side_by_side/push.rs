//! One line after the other into a sink.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use benches::measure::{Comparison, interleave};
use benches::ours::Ours;
use benches::plugins;
use benches::pushing::push;
use benches::report::Row;
use benches::side::host_runtime;
use benches::theirs::Theirs;
use bytes::Bytes;
use solti_model::TaskId;

use crate::{Group, Setup};

pub(super) const BOUNDARY: Group = Group {
    cases: &[
        "push_no_subscriber",
        "push_1_subscriber",
        "push_4_subscribers",
        "push_bytes_no_subscriber",
        "push_bytes_1_subscriber",
        "push_block_1_subscriber",
    ],
    run: boundary,
};

pub(super) const IN_PROCESS: Group = Group {
    cases: &["push_in_process"],
    run: in_process,
};

const CAPACITY: usize = 1024;
const BYTES: usize = 64;

const SLICE: &str = "a line in a buffer: push(slice), theirs stdout_line(copy)";
const BYTES_EACH: &str = "both stdout_line(Bytes::copy_from_slice)";
const BLOCK: &str = "64 lines in a buffer: push_lines, theirs stdout_line(copy)";

fn boundary(setup: &Setup) -> Vec<Row> {
    let directory = plugins::directory_with("pusher");
    let ours = Ours::load(directory.path(), CAPACITY);
    let theirs = Theirs::pusher(CAPACITY);
    let runtime = host_runtime();
    let count = setup.work(1_000_000);
    [
        ("push_no_subscriber", "push-slices", 0, Some(0.25), SLICE),
        ("push_1_subscriber", "push-slices", 1, Some(1.05), SLICE),
        ("push_4_subscribers", "push-slices", 4, Some(1.05), SLICE),
        ("push_bytes_no_subscriber", "push", 0, None, BYTES_EACH),
        ("push_bytes_1_subscriber", "push", 1, None, BYTES_EACH),
        ("push_block_1_subscriber", "push-blocks", 1, None, BLOCK),
    ]
    .into_iter()
    .filter(|(case, ..)| setup.wants(case))
    .map(|(case, behaviour, idle, target, timed)| {
        let rounds = interleave(
            setup.rounds(21),
            || push(&runtime, &ours, behaviour, &[count, BYTES, 64], idle),
            || push(&runtime, &theirs, "push", &[count, BYTES], idle),
        );
        let comparison = Comparison::of(&rounds, |seconds| *seconds);
        Row::new(
            case,
            comparison,
            1e9 / count as f64,
            "ns/line",
            target,
            timed,
        )
    })
    .collect()
}

fn in_process(setup: &Setup) -> Vec<Row> {
    let id = TaskId::from("task");
    let ours = Arc::new(solti_plugin_host::OutputRegistry::new(CAPACITY));
    let our_sink = ours.sink_for(id.clone(), 1);
    let _our_subscriber = ours.subscribe(&id);
    let theirs = Arc::new(solti_runner::OutputRegistry::new(CAPACITY));
    let their_sink = theirs.sink_for(id.clone(), 1);
    let _their_subscriber = theirs.subscribe(&id);

    let count = setup.work(1_000_000);
    let line = [b'x'; BYTES];
    let rounds = interleave(
        setup.rounds(21),
        || {
            seconds_of(count, || {
                our_sink.stdout_line(Bytes::copy_from_slice(black_box(&line)))
            })
        },
        || {
            seconds_of(count, || {
                their_sink.stdout_line(Bytes::copy_from_slice(black_box(&line)))
            })
        },
    );
    vec![Row::new(
        "push_in_process",
        Comparison::of(&rounds, |seconds| *seconds),
        1e9 / count as f64,
        "ns/line",
        Some(1.0),
        "our sink linked in, stdout_line, 1 idle subscriber",
    )]
}

fn seconds_of(count: usize, mut push: impl FnMut()) -> f64 {
    let began = Instant::now();
    for _ in 0..count {
        push();
    }
    began.elapsed().as_secs_f64()
}
