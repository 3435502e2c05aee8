//! Whole tasks.

use std::time::Instant;

use benches::measure::{Comparison, interleave};
use benches::ours::Ours;
use benches::own_runtime::OnOwnRuntime;
use benches::plugins;
use benches::report::Row;
use benches::side::{Side, attempt, host_runtime};
use benches::specs;
use benches::theirs::Theirs;
use solti_model::{TaskId, TaskSpec};
use taskvisor::TaskRef;
use tokio::runtime::Runtime;

use crate::{Group, Setup};

pub(super) const TRUE: Group = Group {
    cases: &["build_and_spawn_true", "build_and_spawn_true_hops"],
    run: build_and_spawn_true,
};

pub(super) const CONCURRENT: Group = Group {
    cases: &[
        "task_1000_concurrent",
        "task_1000_concurrent_hops",
        "task_10000_in_flight",
        "task_10000_in_flight_hops",
    ],
    run: concurrent,
};

pub(super) const AT_ONCE: Group = Group {
    cases: &["echo_60_at_once"],
    run: at_once,
};

pub(super) const BUILD: Group = Group {
    cases: &["build", "build_async"],
    run: build,
};

const CAPACITY: usize = 1024;

const TRUE_TIMED: &str = "route, build, spawn /bin/true, await, one after the other";
const CONCURRENT_TIMED: &str = "1000 built tasks that sleep 10 ms: first spawn to last end";
const IN_FLIGHT_TIMED: &str = "10000 built tasks that sleep 10 ms: first spawn to last end";
const AT_ONCE_TIMED: &str = "60 echo begun at once: the median time from then to the end of each";
const HOPS: &str = "the same; theirs on a runtime of its own, as a plugin has to be";

fn build_and_spawn_true(setup: &Setup) -> Vec<Row> {
    let directory = plugins::directory_with("subprocess");
    let ours = Ours::load(directory.path(), CAPACITY);
    let theirs = Theirs::subprocess(CAPACITY);
    let hopping = OnOwnRuntime::new(Theirs::subprocess(CAPACITY));
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
    let compare = |case, theirs: &dyn Side, target, timed| {
        let rounds = interleave(setup.rounds(21), || run(&ours), || run(theirs));
        let comparison = Comparison::of(&rounds, |seconds| *seconds);
        let scale = 1e6 / count as f64;
        Row::new(case, comparison, scale, "us/task", target, timed)
    };
    vec![
        compare("build_and_spawn_true", &theirs, Some(1.0), TRUE_TIMED),
        compare("build_and_spawn_true_hops", &hopping, None, HOPS),
    ]
}

fn concurrent(setup: &Setup) -> Vec<Row> {
    let directory = plugins::directory_with("pusher");
    let ours = Ours::load(directory.path(), CAPACITY);
    let theirs = Theirs::pusher(CAPACITY);
    let hopping = OnOwnRuntime::new(Theirs::pusher(CAPACITY));
    let runtime = host_runtime();
    let spec = specs::pusher("sleep", &[10]);
    let compare = |case, theirs: &dyn Side, full, target, timed| {
        let count = setup.work(full);
        let rounds = interleave(
            setup.rounds(31),
            || run_at_once(&runtime, &ours, &spec, count),
            || run_at_once(&runtime, theirs, &spec, count),
        );
        let comparison = Comparison::of(&rounds, |seconds| *seconds);
        Row::new(case, comparison, 1e3, "ms", target, timed)
    };
    let cases: [(_, &dyn Side, _, _, _); 4] = [
        (
            "task_1000_concurrent",
            &theirs,
            1_000,
            Some(1.1),
            CONCURRENT_TIMED,
        ),
        ("task_1000_concurrent_hops", &hopping, 1_000, None, HOPS),
        // Four fifths of the tasks a second.
        (
            "task_10000_in_flight",
            &theirs,
            10_000,
            Some(1.25),
            IN_FLIGHT_TIMED,
        ),
        ("task_10000_in_flight_hops", &hopping, 10_000, None, HOPS),
    ];
    cases
        .into_iter()
        .filter(|(case, ..)| setup.wants(case))
        .map(|(case, theirs, count, target, timed)| compare(case, theirs, count, target, timed))
        .collect()
}

/// Children that are started at the same time.
fn at_once(setup: &Setup) -> Vec<Row> {
    let directory = plugins::directory_with("subprocess");
    let ours = Ours::load(directory.path(), CAPACITY);
    let theirs = Theirs::subprocess(CAPACITY);
    let runtime = host_runtime();
    let rounds = interleave(
        setup.rounds(31),
        || echo_at_once(&runtime, &ours, 60),
        || echo_at_once(&runtime, &theirs, 60),
    );
    let comparison = Comparison::of(&rounds, |seconds| *seconds);
    let case = "echo_60_at_once";
    vec![Row::new(
        case,
        comparison,
        1e3,
        "ms",
        Some(1.0),
        AT_ONCE_TIMED,
    )]
}

/// The median of the seconds from the begin of many `echo`, at the same time, to the end of each.
///
/// One clock for all: one that starts where an attempt is first polled would leave out, on one side
/// only, the time in which an attempt waits for a worker that starts others.
fn echo_at_once(runtime: &Runtime, side: &dyn Side, count: usize) -> f64 {
    runtime.block_on(async {
        let spec = specs::command("/bin/echo", &["hello"]);
        let tasks: Vec<TaskRef> = (0..count).map(|_| side.build(&spec)).collect();
        let began = Instant::now();
        let attempts: Vec<_> = tasks
            .iter()
            .map(|task| {
                let task = TaskRef::clone(task);
                tokio::spawn(async move {
                    attempt(&task).await.expect("echo succeeds");
                    began.elapsed().as_secs_f64()
                })
            })
            .collect();
        let mut took = Vec::new();
        for attempt in attempts {
            took.push(attempt.await.expect("attempts do not panic"));
        }
        for task in &tasks {
            side.evict(&TaskId::from(task.name()));
        }
        took.sort_by(f64::total_cmp);
        took[count / 2]
    })
}

/// A build alone, in both ways.
fn build(setup: &Setup) -> Vec<Row> {
    let directory = plugins::directory_with("pusher");
    let ours = Ours::load(directory.path(), CAPACITY);
    let theirs = Theirs::pusher(CAPACITY);
    let runtime = host_runtime();
    let spec = specs::pusher("sleep", &[10]);
    let count = setup.work(2_000);
    let synchronous = |side: &dyn Side| {
        let began = Instant::now();
        for _ in 0..count {
            drop(side.build(&spec));
        }
        began.elapsed().as_secs_f64()
    };
    let asynchronous = || {
        runtime.block_on(async {
            let began = Instant::now();
            for _ in 0..count {
                let task = ours.router.build_async(&spec).await;
                drop(task.expect("the pusher builds every task"));
            }
            began.elapsed().as_secs_f64()
        })
    };
    let scale = 1e6 / count as f64;
    let row = |case, rounds: Vec<_>, timed| {
        let comparison = Comparison::of(&rounds, |seconds: &f64| *seconds);
        Row::new(case, comparison, scale, "us/build", None, timed)
    };
    let rounds = setup.rounds(21);
    vec![
        row(
            "build",
            interleave(rounds, || synchronous(&ours), || synchronous(&theirs)),
            "route and build, one after the other",
        ),
        row(
            "build_async",
            interleave(rounds, asynchronous, || synchronous(&ours)),
            "the same with build_async; theirs is our build",
        ),
    ]
}

/// Seconds from the first spawn to the last end of `count` tasks of a spec.
pub(super) fn run_at_once(
    runtime: &Runtime,
    side: &dyn Side,
    spec: &TaskSpec,
    count: usize,
) -> f64 {
    runtime.block_on(async {
        let tasks: Vec<TaskRef> = (0..count).map(|_| side.build(spec)).collect();
        let began = Instant::now();
        let attempts: Vec<_> = tasks
            .iter()
            .map(|task| tokio::spawn(task.spawn(Default::default())))
            .collect();
        for attempt in attempts {
            let end = attempt.await.expect("attempts do not panic");
            end.expect("the task succeeds");
        }
        let seconds = began.elapsed().as_secs_f64();
        for task in &tasks {
            side.evict(&TaskId::from(task.name()));
        }
        seconds
    })
}
