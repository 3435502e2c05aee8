//! Tasks through plugins at full speed for a while, and whether anything is left of them.
//!
//! `cargo run --release -p benches --bin soak -- [--minutes 2]`
//!
//! Time is cut into rounds. In a round many workers run one task after the other: lines to
//! subscribers that keep up, leave or fall behind, to taps that keep up, are slow or leave, failures,
//! cancellations, attempts that are dropped, real processes. After each round, with everything at
//! rest, memory, descriptors, threads and channels are looked at. The command fails when a task or a
//! line of a tap is lost, a channel is left, or one of the numbers grows after the warm-up.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command talks to people"
)]

mod series;
mod tapping;
mod worker;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use benches::ours::Ours;
use benches::plugins;
use benches::side::{Side as _, host_runtime};
use series::{Sample, Series};
use worker::Counts;

/// Workers in a round: far more than the machine has processors.
const WORKERS: usize = 64;

/// The shortest round.
const ROUND: Duration = Duration::from_secs(5);

/// Events a channel keeps: more than the longest task pushes.
const CAPACITY: usize = 4096;

fn main() -> ExitCode {
    let minutes = match minutes(std::env::args().skip(1)) {
        Ok(minutes) => minutes,
        Err(reason) => {
            eprintln!("{reason}; usage: soak [--minutes 2]");
            return ExitCode::from(2);
        }
    };
    let time = Duration::from_secs_f64(minutes * 60.0);
    let rounds = (time.as_secs_f64() / ROUND.as_secs_f64()).clamp(8.0, 40.0) as u32;

    let directory = plugins::directory_with_all(&["pusher", "subprocess"]);
    let ours = Arc::new(Ours::load(directory.path(), CAPACITY));
    let runtime = host_runtime();
    let mut series = Series::default();
    let mut counts = Counts::default();
    println!("{}", Sample::heading());
    for _ in 0..rounds {
        let until = Instant::now() + time / rounds;
        let workers: Vec<_> = (0..WORKERS)
            .map(|number| runtime.spawn(worker::work(Arc::clone(&ours), number, until)))
            .collect();
        for worker in workers {
            counts += runtime
                .block_on(worker)
                .expect("workers count what goes wrong and do not panic");
        }
        wait_for_rest(&ours);
        let sample = Sample::take(&ours, counts.all());
        println!("{sample}");
        series.push(sample);
    }
    println!("{counts}");
    let mut problems = series.problems();
    problems.extend(counts.problems());
    if ours.active_channels() > 0 {
        problems.push(format!("{} channels are left", ours.active_channels()));
    }
    for problem in &problems {
        println!("FAILED: {problem}");
    }
    if problems.is_empty() {
        println!("passed: no task and no line was lost, nothing is left, nothing grew");
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Attempts that were dropped still end in their plugin, a moment later.
fn wait_for_rest(ours: &Ours) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while ours.active_tasks() > 0 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn minutes(mut args: impl Iterator<Item = String>) -> Result<f64, String> {
    match (args.next().as_deref(), args.next(), args.next()) {
        (None, ..) => Ok(2.0),
        (Some("--minutes"), Some(number), None) => match number.parse() {
            Ok(minutes) if minutes > 0.0 && minutes < 1e6 => Ok(minutes),
            _ => Err(format!("{number:?} is no number of minutes")),
        },
        (Some(other), ..) => Err(format!("cannot make sense of {other:?}")),
    }
}
