//! Tasks in flight against throughput and resident memory, each side in a fresh process.

use std::path::Path;
use std::time::Instant;

use benches::ours::Ours;
use benches::plot::{Curve, OURS, Plot, THEIRS};
use benches::plugins;
use benches::process::{numbers_of_child, resident_kib};
use benches::side::{Side, host_runtime};
use benches::specs;
use benches::theirs::Theirs;
use solti_model::TaskId;
use taskvisor::TaskRef;

use crate::{Setup, medians};

/// Events a channel keeps. Each of both stacks takes about 100 bytes for one when a task is built,
/// which with the default of 1024 would be all there is to see.
const CAPACITY: usize = 16;

pub(super) fn draw(setup: &Setup) {
    let directory = plugins::directory_with("pusher");
    let path = directory.path().to_str().expect("paths of ours are text");
    let counts = setup.sizes(&[1, 10, 100, 1000, 3000, 10_000], 100);
    let (mut our_rate, mut their_rate) = (Vec::new(), Vec::new());
    let (mut our_memory, mut their_memory) = (Vec::new(), Vec::new());
    for count in counts {
        let number = count.to_string();
        let mut memory = (Vec::new(), Vec::new());
        let (our, their) = medians(
            setup.rounds(5),
            || keep_memory(&["tasks-ours", path, &number], &mut memory.0),
            || keep_memory(&["tasks-theirs", &number], &mut memory.1),
        );
        our_rate.push((count as f64, our));
        their_rate.push((count as f64, their));
        our_memory.push((count as f64, benches::measure::median(memory.0)));
        their_memory.push((count as f64, benches::measure::median(memory.1)));
    }
    let rate = Plot {
        file: "tasks-throughput",
        title: "Tasks that sleep 10 ms, all in flight at once",
        x: "tasks in flight",
        y: "tasks per second",
        logarithmic: true,
    };
    let memory = Plot {
        file: "tasks-memory",
        title: "Resident memory while they are in flight",
        x: "tasks in flight",
        y: "MiB of the process",
        logarithmic: true,
    };
    let curves = |ours, theirs| {
        [
            Curve {
                name: "in a plugin",
                points: ours,
                colour: OURS,
            },
            Curve {
                name: "published stack, linked in",
                points: theirs,
                colour: THEIRS,
            },
        ]
    };
    setup.print(&rate.draw(&setup.directory, &curves(our_rate, their_rate)));
    setup.print(&memory.draw(&setup.directory, &curves(our_memory, their_memory)));
}

fn keep_memory(args: &[&str], memory: &mut Vec<f64>) -> f64 {
    let numbers = numbers_of_child(args);
    memory.push(numbers[1]);
    numbers[0]
}

pub(super) fn child_ours(directory: &Path, count: &str) {
    run(&Ours::load(directory, CAPACITY), count);
}

pub(super) fn child_theirs(count: &str) {
    run(&Theirs::pusher(CAPACITY), count);
}

/// Prints tasks per second over ten batches, building included, and the resident memory in MiB
/// with a whole batch in flight.
#[expect(clippy::print_stdout, reason = "the parent reads it")]
fn run(side: &dyn Side, count: &str) {
    const BATCHES: usize = 10;
    let count: usize = count.parse().expect("a number");
    let spec = specs::pusher("sleep", &[10]);
    let runtime = host_runtime();
    let mut resident = 0;
    let began = Instant::now();
    for _ in 0..BATCHES {
        runtime.block_on(async {
            let tasks: Vec<TaskRef> = (0..count).map(|_| side.build(&spec)).collect();
            let attempts: Vec<_> = tasks
                .iter()
                .map(|task| tokio::spawn(task.spawn(Default::default())))
                .collect();
            resident = resident.max(resident_kib());
            for attempt in attempts {
                let end = attempt.await.expect("attempts do not panic");
                end.expect("sleeping succeeds");
            }
            for task in &tasks {
                side.evict(&TaskId::from(task.name()));
            }
        });
    }
    let rate = (BATCHES * count) as f64 / began.elapsed().as_secs_f64();
    println!("{rate} {}", resident as f64 / 1024.0);
}
