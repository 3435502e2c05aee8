//! What is left after each round.

use std::fmt;

use benches::ours::Ours;
use benches::process::{descriptors, resident_kib, threads};
use benches::side::Side as _;

/// What is counted in a sample.
type Count = fn(&Sample) -> u64;

/// How much memory may vary between two quarters of the time: what an allocator keeps is not the
/// same every time.
const MEMORY_NOISE: f64 = 0.03;

/// The host and its plugins at rest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    tasks: u64,
    resident_kib: u64,
    descriptors: usize,
    threads: u64,
    channels: usize,
    active_tasks: u64,
}

impl Sample {
    pub(super) fn take(ours: &Ours, tasks: u64) -> Self {
        Self {
            tasks,
            resident_kib: resident_kib(),
            descriptors: descriptors(),
            threads: threads(),
            channels: ours.active_channels(),
            active_tasks: ours.active_tasks(),
        }
    }

    pub(super) fn heading() -> &'static str {
        "     tasks  resident KiB  descriptors  threads  channels  active"
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:10}  {:12}  {:11}  {:7}  {:8}  {:6}",
            self.tasks,
            self.resident_kib,
            self.descriptors,
            self.threads,
            self.channels,
            self.active_tasks
        )
    }
}

/// All samples.
#[derive(Debug, Default)]
pub(super) struct Series(Vec<Sample>);

impl Series {
    pub(super) fn push(&mut self, sample: Sample) {
        self.0.push(sample);
    }

    /// What grew or was left. The first quarter is the warm-up; of the rest, its first third is
    /// compared with its last.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let warm = &self.0[self.0.len() / 4..];
        let third = warm.len().div_ceil(3);
        let (early, late) = (&warm[..third], &warm[warm.len() - third..]);
        let mean = |samples: &[Sample]| {
            let sum: u64 = samples.iter().map(|sample| sample.resident_kib).sum();
            sum as f64 / samples.len() as f64
        };
        let (before, after) = (mean(early), mean(late));
        if after > before * (1.0 + MEMORY_NOISE) {
            problems.push(format!(
                "resident memory grew from {before:.0} to {after:.0} KiB after the warm-up"
            ));
        }
        let most = |samples: &[Sample], of: fn(&Sample) -> u64| {
            samples.iter().map(of).max().unwrap_or_default()
        };
        let counts: [(&str, Count); 2] = [
            ("descriptors", |sample| sample.descriptors as u64),
            ("threads", |sample| sample.threads),
        ];
        for (what, of) in counts {
            let (before, after) = (most(early, of), most(late, of));
            if after > before {
                problems.push(format!("{what} grew from {before} to {after}"));
            }
        }
        for sample in &self.0 {
            if sample.channels > 0 || sample.active_tasks > 0 {
                problems.push(format!("at rest there were: {sample}"));
            }
        }
        if warm.windows(2).any(|pair| pair[0].tasks == pair[1].tasks) {
            problems.push("a round ran no task".to_owned());
        }
        problems
    }
}
