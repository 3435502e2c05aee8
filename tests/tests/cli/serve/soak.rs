//! A service at work for a while, and killed now and then: nothing is lost, and nothing grows.
//!
//! `SOAK_MINUTES=60 cargo test -p e2e --test cli serve::soak -- --nocapture` is an hour of it, with a line of
//! figures now and then.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use e2e::http::Client;
use serde_json::json;

use super::{Serving, settings, state_of};
use crate::{Place, shell, with};

/// What each life of a service does: so many lines are written by one task in ten.
const LINES: u64 = 2000;

/// What is submitted, and what of it was acknowledged.
#[derive(Default)]
struct Work {
    next: AtomicU64,
    /// Between two tasks of a client: in an hour there would be a million else, and each is looked at.
    pause: Duration,
    acknowledged: Mutex<Vec<u64>>,
    read: AtomicU64,
}

impl Work {
    /// Submits tasks and reads their output, until the service is gone.
    fn go_on(&self, client: &Client) {
        loop {
            std::thread::sleep(self.pause);
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let name = format!("n{number}");
            let script = match number % 10 {
                0 => format!("seq {LINES}"),
                1 => "sleep 0.2; echo slow".to_owned(),
                _ => format!("echo {number}"),
            };
            let spec = with(
                shell(&name, &script),
                json!({ "name": name, "onInterrupt": "rerun" }),
            );
            let Ok(answer) = client.try_send("POST", "/v1/tasks", &[], spec.to_string().as_bytes())
            else {
                return;
            };
            assert_eq!(answer.status, 201, "{}", answer.text());
            self.acknowledged.lock().unwrap().push(number);
            if !number.is_multiple_of(10) {
                continue;
            }
            let path = format!("/v1/tasks/{name}/output?follow");
            let Ok(output) = client.try_send("GET", &path, &[], b"") else {
                return;
            };
            // One that is cut off says nothing.
            if let Ok(output) = String::from_utf8(output.body)
                && output.ends_with(&format!("{LINES}\n"))
            {
                assert_eq!(output.lines().count() as u64, LINES, "{name}");
                self.read.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Resident memory in MB, and open descriptors.
fn of_process(pid: u32) -> (f64, usize) {
    let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .count();
    (e2e::process::resident(pid).unwrap(), descriptors)
}

#[test]
fn a_service_that_works_and_is_killed_now_and_then_loses_nothing_and_does_not_grow() {
    let minutes = std::env::var("SOAK_MINUTES")
        .ok()
        .and_then(|it| it.parse::<u64>().ok());
    let (lives, life) = match minutes {
        Some(minutes) => (minutes.max(1), Duration::from_secs(60)),
        None => (
            e2e::times(2, 10) as u64,
            Duration::from_secs(e2e::times(2, 6) as u64),
        ),
    };
    let place = Place::with(&["subprocess"]);
    let work = Arc::new(Work {
        pause: Duration::from_millis(if minutes.is_some() { 50 } else { 0 }),
        ..Work::default()
    });
    let config = settings(&place, "[retention]\ncount = 1000000\n");
    let words = ["--config", &*config];
    let mut figures = Vec::new();
    for _ in 0..lives {
        let serving = Serving::start(&place, &words);
        let clients: Vec<_> = (0..4)
            .map(|_| {
                let work = Arc::clone(&work);
                let socket = Client::Unix(state_of(&place).join("service.sock"));
                std::thread::spawn(move || work.go_on(&socket))
            })
            .collect();
        let began = Instant::now();
        while began.elapsed() < life {
            std::thread::sleep(Duration::from_millis(100));
        }
        let (memory, descriptors) = of_process(serving.running.child.id());
        let tasks = work.acknowledged.lock().unwrap().len();
        println!("{tasks} tasks, {memory:.1} MB, {descriptors} descriptors");
        figures.push((memory, descriptors));
        serving.kill();
        for client in clients {
            client.join().unwrap();
        }
    }
    let serving = Serving::start(&place, &words);
    let acknowledged = work.acknowledged.lock().unwrap().clone();
    assert!(!acknowledged.is_empty() && work.read.load(Ordering::Relaxed) > 0);
    for number in &acknowledged {
        let name = format!("n{number}");
        let task = serving.ended(&name);
        assert_eq!(task["phase"], "succeeded", "{task:#}");
        let output = serving.get(&format!("/v1/tasks/{name}/output")).text();
        let last = match number % 10 {
            0 => LINES.to_string(),
            1 => "slow".to_owned(),
            _ => number.to_string(),
        };
        assert!(
            output.ends_with(&format!("{last}\n")),
            "{name}: {output:.200}"
        );
    }
    let most = figures.iter().map(|it| it.0).fold(0.0, f64::max);
    assert!(most < 100.0, "{figures:?}");
    let descriptors = figures.iter().map(|it| it.1).max().unwrap();
    assert!(descriptors < 300, "{figures:?}");
    let (code, _) = serving.terminate();
    assert_eq!(code, Some(0));
}
