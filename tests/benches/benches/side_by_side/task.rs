//! Whole tasks.

use std::time::Instant;

use benches::measure::{Comparison, interleave};
use benches::ours::Ours;
use benches::plugins;
use benches::report::Row;
use benches::side::{Side, attempt, host_runtime};
use benches::specs;
use benches::theirs::Theirs;
use solti_model::TaskId;
use taskvisor::TaskRef;
use tokio::runtime::Runtime;

use crate::{Group, Setup};

pub(super) const TRUE: Group = Group {
    cases: &["build_and_spawn_true"],
    run: build_and_spawn_true,
};

pub(super) const CONCURRENT: Group = Group {
    cases: &["task_1000_concurrent"],
    run: concurrent,
};

const CAPACITY: usize = 1024;

fn build_and_spawn_true(setup: &Setup) -> Vec<Row> {
    let directory = plugins::directory_with("subprocess");
    let ours = Ours::load(directory.path(), CAPACITY);
    let theirs = Theirs::subprocess(CAPACITY);
    let runtime = host_runtime();
    let spec = specs::command("/bin/true", &[]);
    let count = setup.work(200);
    let run = |side: &dyn Side| {
        runtime.block_on(async {
            let began = Instant::now();
            for _ in 0..count {
                let task = side.build(&spec);
                attempt(&task).await.expect("true succeeds");
                side.evict(&TaskId::from(task.name()));
            }
            began.elapsed().as_secs_f64()
        })
    };
    let rounds = interleave(setup.rounds(21), || run(&ours), || run(&theirs));
    vec![Row::new(
        "build_and_spawn_true",
        Comparison::of(&rounds, |seconds| *seconds),
        1e6 / count as f64,
        "us/task",
        Some(1.0),
        "route, build, spawn /bin/true, await, one after the other",
    )]
}

fn concurrent(setup: &Setup) -> Vec<Row> {
    let directory = plugins::directory_with("pusher");
    let ours = Ours::load(directory.path(), CAPACITY);
    let theirs = Theirs::pusher(CAPACITY);
    let runtime = host_runtime();
    let count = setup.work(1000);
    let rounds = interleave(
        setup.rounds(31),
        || sleep_at_once(&runtime, &ours, count),
        || sleep_at_once(&runtime, &theirs, count),
    );
    vec![Row::new(
        "task_1000_concurrent",
        Comparison::of(&rounds, |seconds| *seconds),
        1e3,
        "ms",
        Some(1.1),
        "1000 built tasks that sleep 10 ms: first spawn to last end",
    )]
}

/// Seconds from the first spawn to the last end of tasks that sleep 10 ms.
fn sleep_at_once(runtime: &Runtime, side: &dyn Side, count: usize) -> f64 {
    runtime.block_on(async {
        let spec = specs::pusher("sleep", &[10]);
        let tasks: Vec<TaskRef> = (0..count).map(|_| side.build(&spec)).collect();
        let began = Instant::now();
        let attempts: Vec<_> = tasks
            .iter()
            .map(|task| tokio::spawn(task.spawn(Default::default())))
            .collect();
        for attempt in attempts {
            let end = attempt.await.expect("attempts do not panic");
            end.expect("sleeping succeeds");
        }
        let seconds = began.elapsed().as_secs_f64();
        for task in &tasks {
            side.evict(&TaskId::from(task.name()));
        }
        seconds
    })
}
