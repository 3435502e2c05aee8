//! Output that a reader loses nothing of, against the published channel.

use std::io::Write as _;
use std::time::Instant;

use benches::measure::{Comparison, interleave};
use benches::ours::Ours;
use benches::plugins;
use benches::pushing::push;
use benches::report::Row;
use benches::side::{Side, attempt, host_runtime};
use benches::specs;
use benches::subscriber::{read_lines, read_tap};
use benches::theirs::Theirs;
use solti_model::{TaskId, TaskSpec};
use solti_plugin_host::output::TapOptions;
use tempfile::NamedTempFile;
use tokio::runtime::Runtime;

use crate::{Group, Setup};

pub(super) const PUSHED: Group = Group {
    cases: &["push_tap_1", "push_tap_block"],
    run: pushed,
};

pub(super) const REAL_CHILD: Group = Group {
    cases: &["lines_real_child_tap"],
    run: real_child,
};

const BYTES: usize = 64;

/// Seconds of a task whose output a tap takes, from its spawn to the last line.
pub(super) fn tapped(
    runtime: &Runtime,
    ours: &Ours,
    spec: &TaskSpec,
    count: usize,
    bytes: usize,
) -> f64 {
    runtime.block_on(async {
        let task = ours.build(spec);
        let id = TaskId::from(task.name());
        ours.registry.ensure_channel(id.clone());
        let tap = ours.registry.tap(&id, TapOptions::default());
        let tap = tap.expect("the channel was made just now");
        let began = Instant::now();
        let reader = tokio::spawn(read_tap(tap, count as u64, bytes));
        let (read, attempt) = tokio::join!(reader, attempt(&task));
        let seconds = began.elapsed().as_secs_f64();
        read.expect("every line came");
        attempt.expect("the task succeeds");
        ours.evict(&id);
        seconds
    })
}

fn pushed(setup: &Setup) -> Vec<Row> {
    let directory = plugins::directory_with("pusher");
    let ours = Ours::load(directory.path(), 1024);
    let theirs = Theirs::pusher(1024);
    let runtime = host_runtime();
    let count = setup.work(1_000_000);
    [
        (
            "push_tap_1",
            "push-slices",
            Some(0.6),
            "push(slice) to a tap that is read",
        ),
        (
            "push_tap_block",
            "push-blocks",
            Some(0.3),
            "push_lines, 64 a block, to a tap that is read",
        ),
    ]
    .into_iter()
    .filter(|(case, ..)| setup.wants(case))
    .map(|(case, behaviour, target, timed)| {
        let spec = specs::pusher(behaviour, &[count, BYTES, 64]);
        let rounds = interleave(
            setup.rounds(21),
            || tapped(&runtime, &ours, &spec, count, BYTES),
            || push(&runtime, &theirs, "push", &[count, BYTES], 1),
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

fn real_child(setup: &Setup) -> Vec<Row> {
    let count = setup.work(1_000_000);
    let mut file = NamedTempFile::new().expect("there is room for a temporary file");
    let line = [vec![b'x'; BYTES], b"\n".to_vec()].concat();
    file.write_all(&line.repeat(count))
        .expect("there is room for a temporary file");
    let spec = specs::cat(file.path());
    let capacity = count.next_power_of_two();
    let directory = plugins::directory_with("subprocess");
    let ours = Ours::load(directory.path(), capacity);
    let theirs = Theirs::subprocess(capacity);
    let runtime = host_runtime();
    let rounds = interleave(
        setup.rounds(9),
        || tapped(&runtime, &ours, &spec, count, BYTES),
        || {
            runtime.block_on(async {
                let task = theirs.build(&spec);
                let id = TaskId::from(task.name());
                let events = theirs.subscribe(&id);
                let began = Instant::now();
                let reader = tokio::spawn(read_lines(events, count as u64, BYTES));
                let (read, attempt) = tokio::join!(reader, attempt(&task));
                let seconds = began.elapsed().as_secs_f64();
                read.expect("every line came");
                attempt.expect("cat succeeds");
                theirs.evict(&id);
                seconds
            })
        },
    );
    vec![Row::new(
        "lines_real_child_tap",
        Comparison::of(&rounds, |seconds| *seconds),
        1e9 / count as f64,
        "ns/line",
        Some(0.2),
        "spawn to the end; ours to a tap, theirs to 1 subscriber",
    )]
}
