//! Whether anything grows in hosts that take tasks of a queue for a long time.

use std::fs;
use std::time::{Duration, Instant};

use benches::fleet::{Queue, Servers, Side, Workers};
use benches::measure::median;

use super::Bench;

/// How many tasks are put into the queue at a time.
const BATCH: usize = 500;

/// How often that is done, and each process is looked at.
const EVERY: Duration = Duration::from_secs(5);

/// How much memory may vary between two parts of the time: what an allocator keeps is not the same every time.
const MEMORY_NOISE: f64 = 0.05;

/// How many minutes memory is looked at for: before, what is kept is still filled.
const SETTLED: f64 = 5.0;

/// A process at one time.
#[derive(Clone, Copy)]
struct Sample {
    /// Resident, in MB.
    memory: f64,
    descriptors: usize,
    connections: usize,
}

/// What is counted in a sample.
type Count = fn(&Sample) -> usize;

impl Sample {
    fn of(pid: u32) -> Self {
        let links = fs::read_dir(format!("/proc/{pid}/fd")).expect("it runs");
        let links: Vec<_> = links
            .flatten()
            // One may be closed meanwhile.
            .filter_map(|link| fs::read_link(link.path()).ok())
            .collect();
        let is_socket = |link: &&std::path::PathBuf| link.to_string_lossy().starts_with("socket:");
        Self {
            memory: e2e::process::resident(pid).expect("it runs"),
            descriptors: links.len(),
            connections: links.iter().filter(is_socket).count(),
        }
    }
}

/// Has two hosts take tasks for so many minutes, and says what has grown; empty where nothing has.
pub(super) fn soak(bench: &Bench, minutes: f64) -> Vec<String> {
    let queue = Queue::empty(&bench.programs, Servers::One);
    let hosts = Workers::start(&bench.programs, Side::Host, &queue.url(), 2);
    let processes: Vec<_> = hosts.ids().collect();
    let until = Instant::now() + Duration::from_secs_f64(minutes * 60.0);
    let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); processes.len()];
    let (mut tasks, mut round) = (0, 0);
    println!("   tasks   waiting  memory, descriptors and connections of each host");
    while Instant::now() < until {
        let began = Instant::now();
        let _ = queue.submit(&bench.programs, &format!("s{round}"), BATCH);
        (tasks, round) = (tasks + BATCH, round + 1);
        std::thread::sleep(EVERY.saturating_sub(began.elapsed()));
        let mut line = format!("{tasks:8}  {:8}", queue.left());
        for (samples, pid) in samples.iter_mut().zip(&processes) {
            let sample = Sample::of(*pid);
            line += &format!(
                "  {:7.1} MB {:4} {:3}",
                sample.memory, sample.descriptors, sample.connections
            );
            samples.push(sample);
        }
        println!("{line}");
    }
    while queue.left() > 0 {
        std::thread::sleep(EVERY / 10);
    }
    let is_settled = minutes >= SETTLED;
    let grown = samples
        .iter()
        .flat_map(|samples| grown(samples, is_settled));
    let mut problems: Vec<_> = grown.collect();
    if queue.results() != tasks {
        problems.push(format!("{} results of {tasks} tasks", queue.results()));
    }
    problems
}

/// What grew: the first third is the warm-up, the second is compared with the last.
fn grown(samples: &[Sample], is_settled: bool) -> Vec<String> {
    let third = samples.len() / 3;
    let (early, late) = (&samples[third..2 * third], &samples[2 * third..]);
    let mut problems = Vec::new();
    if third == 0 {
        return vec!["it was too short to tell".to_owned()];
    }
    let memory = |samples: &[Sample]| median(samples.iter().map(|it| it.memory).collect());
    let (before, after) = (memory(early), memory(late));
    if is_settled && after > before * (1.0 + MEMORY_NOISE) {
        problems.push(format!("memory grew from {before:.1} to {after:.1} MB"));
    }
    let counts: [(&str, Count); 2] = [
        ("descriptors", |it| it.descriptors),
        ("connections", |it| it.connections),
    ];
    for (what, of) in counts {
        let most = |samples: &[Sample]| samples.iter().map(of).max().unwrap_or_default();
        let (before, after) = (most(early), most(late));
        if after > before {
            problems.push(format!("{what} grew from {before} to {after}"));
        }
    }
    problems
}
