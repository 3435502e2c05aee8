//! Many tasks: how fast they are taken and end, and what they take of memory.

use std::io::Read as _;
use std::process::Command;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use benches::measure::{Comparison, interleave, median};
use benches::report::Row;

use super::agent::{Agent, Client};
use super::cases::{Bench, within};

/// How many submit at the same time.
const CLIENTS: usize = 8;

/// What came of some tasks.
pub(super) struct Load {
    /// From the first request until the last task has ended, in seconds.
    wall: f64,
    /// How long each request took, in milliseconds, the shortest first.
    requests: Vec<f64>,
}

impl Load {
    /// Has `count` tasks run, by eight clients.
    pub(super) fn of(agent: &Agent, prefix: &str, count: usize) -> Self {
        let next = AtomicUsize::new(0);
        let began = Instant::now();
        let mut requests: Vec<f64> = thread::scope(|scope| {
            let submitting = |_| scope.spawn(|| submit(&agent.client(), prefix, &next, count));
            let clients: Vec<_> = (0..CLIENTS).map(submitting).collect();
            let of = |client: thread::ScopedJoinHandle<'_, Vec<f64>>| {
                client.join().expect("clients do not panic")
            };
            clients.into_iter().flat_map(of).collect()
        });
        agent.wait_for_all();
        let wall = began.elapsed().as_secs_f64();
        requests.sort_by(f64::total_cmp);
        Self { wall, requests }
    }

    /// The time that so many in a hundred did not exceed.
    pub(super) fn percentile(&self, hundredth: usize) -> f64 {
        self.requests[(self.requests.len() * hundredth / 100).min(self.requests.len() - 1)]
    }
}

fn submit(client: &Client, prefix: &str, next: &AtomicUsize, count: usize) -> Vec<f64> {
    let mut took = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= count {
            return took;
        }
        let began = Instant::now();
        client.submit(&format!("{prefix}-{number}"), &["true"]);
        took.push(began.elapsed().as_secs_f64() * 1e3);
    }
}

/// 5,000 `true` by eight clients, durable, against the published line, which is not.
pub(super) fn true_5000(bench: &Bench<'_>) -> Vec<Row> {
    let count = bench.scale(5000);
    let rounds = interleave(
        bench.rounds(3),
        || Load::of(&bench.service(), "t", count),
        || Load::of(&Agent::published(bench.programs), "t", count),
    );
    let of = |number: fn(&Load) -> f64| {
        rounds
            .iter()
            .map(|round| number(&round.ours))
            .collect::<Vec<_>>()
    };
    vec![
        Row::new(
            "true_5000",
            Comparison::of(&rounds, |load| load.wall),
            1.0,
            "s",
            Some(0.6),
            "from the first request to the last end",
        ),
        within(
            "create_p50",
            &of(|load| load.percentile(50)),
            10.0,
            "ms",
            "one request; theirs is the limit",
        ),
        within(
            "create_p99",
            &of(|load| load.percentile(99)),
            40.0,
            "ms",
            "one request; theirs is the limit",
        ),
    ]
}

/// Sixty `echo` at once, each from its request to the end of its output.
pub(super) fn echo_60_at_once(bench: &Bench<'_>) -> Vec<Row> {
    const AT_ONCE: usize = 60;
    let service = bench.service();
    let round = |round: usize| {
        let begin = Barrier::new(AT_ONCE);
        let took = thread::scope(|scope| {
            let echo = |number: usize| {
                let (client, begin) = (service.client(), &begin);
                scope.spawn(move || {
                    // A connection is there before.
                    client.json("/v1/tasks?limit=1");
                    begin.wait();
                    let name = format!("e-{round}-{number}");
                    let began = Instant::now();
                    client.submit(&name, &["echo", "hello"]);
                    let mut output = String::new();
                    client
                        .get(&format!("/v1/tasks/{name}/output?follow=true"))
                        .read_to_string(&mut output)
                        .expect("it answers");
                    let took = began.elapsed().as_secs_f64() * 1e3;
                    assert_eq!(output, "hello\n");
                    took
                })
            };
            let all: Vec<_> = (0..AT_ONCE).map(echo).collect();
            let of =
                |one: thread::ScopedJoinHandle<'_, f64>| one.join().expect("clients do not panic");
            all.into_iter().map(of).collect()
        });
        median(took)
    };
    let mut number = 0;
    let mut ours = || {
        number += 1;
        round(number)
    };
    let floor = || floor_of(AT_ONCE);
    let rounds = interleave(bench.rounds(9), &mut ours, floor);
    let found: Vec<_> = rounds.iter().map(|round| round.ours).collect();
    vec![
        within(
            "echo_60_at_once",
            &found,
            15.0,
            "ms",
            "median of 60, each from its request to the end of its output; theirs is the limit",
        ),
        Row::new(
            "echo_60_floor",
            Comparison::of(&rounds, |took| *took),
            1.0,
            "ms",
            None,
            "the same; theirs is 60 threads that each start `echo` and read its output",
        ),
    ]
}

/// The median of so many threads that each start `echo` and read its output.
fn floor_of(at_once: usize) -> f64 {
    let begin = Barrier::new(at_once);
    median(thread::scope(|scope| {
        let echo = |_| {
            let begin = &begin;
            scope.spawn(move || {
                begin.wait();
                let began = Instant::now();
                let output = Command::new("echo").arg("hello").output();
                assert_eq!(output.expect("it is everywhere").stdout, b"hello\n");
                began.elapsed().as_secs_f64() * 1e3
            })
        };
        let all: Vec<_> = (0..at_once).map(echo).collect();
        let of = |one: thread::ScopedJoinHandle<'_, f64>| one.join().expect("it panics nowhere");
        all.into_iter().map(of).collect()
    }))
}

/// Resident memory before anything, and with a history.
pub(super) fn memory(bench: &Bench<'_>) -> Vec<Row> {
    let service = bench.service();
    let mut rows = vec![within(
        "memory_idle",
        &[service.memory()],
        35.0,
        "MB",
        "resident; theirs is the limit",
    )];
    let mut so_far = 0;
    for (case, count, limit) in [
        ("memory_20000_finished", 20_000, 60.0),
        ("memory_200000_finished", 200_000, 100.0),
    ] {
        let count = bench.scale(count);
        Load::of(&service, &format!("m{count}"), count - so_far);
        so_far = count;
        rows.push(within(
            case,
            &[service.memory()],
            limit,
            "MB",
            "resident, when they have ended; theirs is the limit",
        ));
    }
    rows
}
