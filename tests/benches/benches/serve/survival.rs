//! Stops, and kills.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use benches::report::Row;
use rustix::process::{Pid, Signal, kill_process};

use super::agent::Client;
use super::cases::{Bench, none, within};

/// A stop while 200 children run.
pub(super) fn stop_200_children(bench: &Bench<'_>) -> Vec<Row> {
    let (mut took, mut left) = (Vec::new(), 0);
    for round in 0..bench.rounds(3) {
        let mut service = bench.service();
        let client = service.client();
        // A length that nothing else sleeps for.
        let length = format!("{}.5", 70_000 + round);
        for number in 0..200 {
            client.submit(&format!("s-{number}"), &["sleep", &length]);
        }
        while sleeping(&length) < 200 {
            thread::sleep(Duration::from_millis(10));
        }
        let pid = Pid::from_child(&service.child);
        let began = Instant::now();
        kill_process(pid, Signal::TERM).expect("it runs");
        let status = service.child.wait().expect("it is a child of this program");
        took.push(began.elapsed().as_secs_f64());
        assert!(status.success(), "{status}");
        left += sleeping(&length);
    }
    vec![
        within(
            "stop_200_children",
            &took,
            1.0,
            "s",
            "from the signal to the end of the service; theirs is the limit",
        ),
        none(
            "stop_200_children_left",
            left,
            "children",
            "children that run on",
        ),
    ]
}

/// How many processes sleep for so long.
fn sleeping(length: &str) -> u64 {
    let wanted = format!("sleep\0{length}\0");
    let processes = std::fs::read_dir("/proc").expect("Linux has it");
    let of = |process: std::io::Result<std::fs::DirEntry>| {
        std::fs::read(process.ok()?.path().join("cmdline")).ok()
    };
    processes
        .filter_map(of)
        .filter(|line| line == wanted.as_bytes())
        .count() as u64
}

/// Kills at moments that differ, while eight clients submit: what was acknowledged is there afterwards.
pub(super) fn killed_200_times(bench: &Bench<'_>) -> Vec<Row> {
    let state = bench.fresh_state();
    let mut acknowledged = Vec::new();
    for round in 0..bench.scale(200) {
        let service = bench.service_of(&state);
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let submitting = |number: usize| {
                let (client, over) = (service.client(), &over);
                scope.spawn(move || submit_until(&client, &format!("k-{round}-{number}"), over))
            };
            let clients: Vec<_> = (0..8).map(submitting).collect();
            // The same moments in each run of the bench.
            thread::sleep(Duration::from_millis(20 + (round as u64 * 7919) % 300));
            over.store(true, Ordering::Release);
            service.kill();
            for client in clients {
                acknowledged.extend(client.join().expect("clients do not panic"));
            }
        });
    }
    let service = bench.service_of(&state);
    let client = service.client();
    let lost = acknowledged
        .iter()
        .filter(|name| !client.has(&format!("/v1/tasks/{name}")))
        .count();
    vec![none(
        "killed_200_times_lost",
        lost as u64,
        "tasks",
        "acknowledged tasks that are gone after 200 kills",
    )]
}

/// Submits until the service is gone; returns what was acknowledged.
fn submit_until(client: &Client, prefix: &str, over: &AtomicBool) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        let name = format!("{prefix}-{number}");
        if client.try_submit(&name, &["true"]) {
            acknowledged.push(name);
        } else if over.load(Ordering::Acquire) {
            break;
        }
    }
    acknowledged
}
